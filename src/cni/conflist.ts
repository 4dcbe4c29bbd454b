import type { AzureCnsConfig } from './azure-cns/azure-cns.ts';
import type { AzureVnetIpamConfig } from './azure-vnet-ipam/azure-vnet-ipam.ts';
import type { HostLocalConfig } from './host-local/host-local.ts';

export interface AzureVnetConfig {
  readonly type: 'azure-vnet';
  readonly mode: 'transparent';
  readonly ipam: AzureVnetIpamConfig | AzureCnsConfig;
}

export interface BridgeConfig {
  readonly type: 'bridge';
  readonly bridge: string;
  readonly mtuBytes: number;
  /** The bridge takes the range's first host address and pods use it as their gateway. */
  readonly isGateway: boolean;
  /** Excludes hairpin mode. */
  readonly promiscMode: boolean;
  readonly hairpinMode: boolean;
  readonly ipam: HostLocalConfig;
}

export interface PortmapConfig {
  readonly type: 'portmap';
  readonly snat: boolean;
  /** Somebody else's chain that sets the masquerade mark; null: portmap makes its own. */
  readonly externalSetMarkChain: string | null;
}

/** A file of /etc/cni/net.d: the plug-ins that a runtime calls for every pod, in order. */
export interface Conflist {
  readonly file: string;
  readonly name: string;
  readonly main: AzureVnetConfig | BridgeConfig;
  readonly chained: readonly PortmapConfig[];
}

/** @source cni/azure-linux.conflist */
export const AZURE_CONFLIST: Conflist = {
  file: '10-azure.conflist',
  name: 'azure',
  main: { type: 'azure-vnet', mode: 'transparent', ipam: { type: 'azure-vnet-ipam' } },
  chained: [{ type: 'portmap', snat: true, externalSetMarkChain: null }],
};

/** What CNS writes for an overlay cluster. @source cns/cniconflist V4OverlayGenerator */
export const OVERLAY_CONFLIST: Conflist = {
  file: '15-azure-swift-overlay.conflist',
  name: 'azure',
  main: { type: 'azure-vnet', mode: 'transparent', ipam: { type: 'azure-cns', mode: 'v4overlay' } },
  chained: [{ type: 'portmap', snat: true, externalSetMarkChain: null }],
};

/** What containerd writes on a kubenet node. @source AgentBaker kubenetCniTemplate */
export function kubenetConflist(range: HostLocalConfig['range'], hairpinMode = false): Conflist {
  return {
    file: '10-containerd-net.conflist',
    name: 'kubenet',
    main: {
      type: 'bridge',
      bridge: 'cbr0',
      mtuBytes: 1500,
      isGateway: true,
      promiscMode: !hairpinMode,
      hairpinMode,
      ipam: { type: 'host-local', range },
    },
    chained: [{ type: 'portmap', snat: true, externalSetMarkChain: 'KUBE-MARK-MASQ' }],
  };
}
