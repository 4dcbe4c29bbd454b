import { AZURE_CONFLIST } from '../../cni/conflist.ts';
import type { NetworkMode } from './mode.ts';

/** Azure CNI, node subnet: pods have addresses of the node's NIC. @source AKS transcripts; cni/azure-linux.conflist */
export const azure: NetworkMode = {
  name: 'azure',
  defaultMaxPods: 30,
  maxNodes: 5000,
  podAddresses: 'nic',
  podRouting: 'vnet',
  enableIPForwarding: false,
  mssDeltaBytes: 50,
  conflist: () => AZURE_CONFLIST,
  networkContainer: () => null,
  nonMasqueradeCidrs: (network) => network.vnetPrefixes,
  clusterCidr: (network) => network.subnetPrefix,
  dedupPromisc: false,
};
