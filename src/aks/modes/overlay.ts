import { OVERLAY_CONFLIST } from '../../cni/conflist.ts';
import { hexName, sha256Of } from '../../wire/digest.ts';
import { podCidrOf } from './pod-cidr.ts';
import type { NetworkMode } from './mode.ts';

/** Azure CNI overlay: every node has a /24 in a routing domain of its own. @source AKS transcripts; cns/cniconflist V4OverlayGenerator */
export const overlay: NetworkMode = {
  name: 'overlay',
  defaultMaxPods: 250,
  maxNodes: 5000,
  podAddresses: 'node-prefix',
  podRouting: 'overlay',
  enableIPForwarding: true,
  mssDeltaBytes: 50,
  conflist: () => OVERLAY_CONFLIST,
  networkContainer: (network, node) => {
    if (node.podCidr === null) return null;
    return {
      id: networkContainerId(node.name),
      type: 'overlay',
      assignmentMode: 'static',
      primaryIp: node.podCidr.addr,
      pool: [node.podCidr],
      subnetAddressSpace: podCidrOf(network),
      defaultGateway: null,
      status: '',
    };
  },
  nonMasqueradeCidrs: (network) => [podCidrOf(network)],
  clusterCidr: podCidrOf,
  dedupPromisc: false,
};

function networkContainerId(node: string): string {
  return hexName('', sha256Of(`nc/${node}`), 8, 4, 4, 4, 12);
}
