import { kubenetConflist } from '../../cni/conflist.ts';
import { podCidrOf } from './pod-cidr.ts';
import type { NetworkMode } from './mode.ts';

/** Every node has a /24 behind a bridge, and a user-defined route that leads there. @source AKS transcripts; AgentBaker kubenetCniTemplate */
export const kubenet: NetworkMode = {
  name: 'kubenet',
  defaultMaxPods: 110,
  maxNodes: 400,
  podAddresses: 'node-prefix',
  podRouting: 'udr',
  enableIPForwarding: true,
  mssDeltaBytes: 42,
  conflist: (network, node) => kubenetConflist(node.podCidr ?? podCidrOf(network)),
  networkContainer: () => null,
  nonMasqueradeCidrs: (network) => [podCidrOf(network)],
  clusterCidr: podCidrOf,
  dedupPromisc: true,
};
