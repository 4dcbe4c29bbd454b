import * as z from 'zod';
import type { AzureCnsState, NetworkContainer } from '../../cni/azure-cns/state.ts';
import type { AzureVnetIpamState } from '../../cni/azure-vnet-ipam/state.ts';
import type { AzureVnetState } from '../../cni/azure-vnet/state.ts';
import type { HostLocalState } from '../../cni/host-local/state.ts';
import type { Lease } from '../../cni/lease.ts';
import type { CniResult } from '../../cni/plugin.ts';
import type { CniState } from '../../cni/state.ts';
import { section } from '../schema/section.ts';
import { type Codec, ipv4Text, line, macText, rangeText } from './text.ts';

const lease: Codec<Lease> = section({ addr: ipv4Text, netns: line, ifName: line });
const leases = z.array(lease).max(70_000);

const azureVnet: Codec<AzureVnetState> = section({ master: line, masterMac: macText, subnet: rangeText, endpoints: z.array(line) });
const azureVnetIpam: Codec<AzureVnetIpamState> = section({ subnet: rangeText, gateway: ipv4Text, leases });

const networkContainer: Codec<NetworkContainer> = section({
  id: line,
  type: z.enum(['overlay', 'vnet', 'vnetblock']),
  assignmentMode: z.enum(['static', 'dynamic']),
  primaryIp: ipv4Text,
  pool: z.array(rangeText).max(4096),
  subnetAddressSpace: rangeText,
  defaultGateway: ipv4Text.nullable(),
  status: line,
});
const azureCns: Codec<AzureCnsState> = section({ nc: networkContainer.nullable(), assigned: leases });
const hostLocal: Codec<HostLocalState> = section({ leases, lastReserved: ipv4Text.nullable() });

/** What the plug-ins of a machine keep in files. */
export const cniState: Codec<CniState> = section({
  azureVnet: azureVnet.nullable(),
  azureVnetIpam: azureVnetIpam.nullable(),
  azureCns: azureCns.nullable(),
  hostLocal: hostLocal.nullable(),
});

/** What the runtime caches of a sandbox. */
export const cniResult: Codec<CniResult> = section({
  addr: ipv4Text,
  len: z.int().min(0).max(32),
  gateway: ipv4Text,
  hostLink: line,
  mac: macText,
});
