import type { AzureCnsState } from './azure-cns/state.ts';
import type { AzureVnetState } from './azure-vnet/state.ts';
import type { AzureVnetIpamState } from './azure-vnet-ipam/state.ts';
import type { HostLocalState } from './host-local/state.ts';

/** What the plug-ins of one machine keep in files, as plain data. A plug-in that never ran there has none. */
export interface CniState {
  /** /var/run/azure-vnet.json */
  azureVnet: AzureVnetState | null;
  /** /var/run/azure-vnet-ipam.json */
  azureVnetIpam: AzureVnetIpamState | null;
  /** The memory of the azure-cns daemon, which it also writes to /var/lib/azure-network/azure-cns.json */
  azureCns: AzureCnsState | null;
  /** /var/lib/cni/networks/NAME/ */
  hostLocal: HostLocalState | null;
}

/** A machine on which no plug-in has run. */
export function newCniState(): CniState {
  return { azureVnet: null, azureVnetIpam: null, azureCns: null, hostLocal: null };
}
