import type { Conflist } from '../../cni/conflist.ts';
import type { NetworkContainer } from '../../cni/azure-cns/state.ts';
import type { ClusterNetwork, ClusterNode } from '../../world/cluster.ts';
import type { Prefix } from '../../wire/prefix.ts';

/**
 * A network mode: which plug-ins and agents run on a node, and what Azure sets up for it. Nothing but data and small functions; the
 * mode itself writes no table.
 */
export interface NetworkMode {
  /** As a scenario names it. */
  readonly name: string;
  readonly defaultMaxPods: number;
  readonly maxNodes: number;
  /** `nic`: every node's NIC holds its pods' addresses. `node-prefix`: every node has a /24 of the pod range. */
  readonly podAddresses: 'nic' | 'node-prefix';
  /** How Azure carries packets between pods: by user-defined routes, in an overlay domain, or as addresses of the virtual network. */
  readonly podRouting: 'udr' | 'overlay' | 'vnet';
  readonly enableIPForwarding: boolean;
  /** What the host's encapsulation takes off the MSS. @source AKS transcripts: 1418 on kubenet, 1410 otherwise */
  readonly mssDeltaBytes: 42 | 50;
  readonly conflist: (network: ClusterNetwork, node: Pick<ClusterNode, 'podCidr'>) => Conflist;
  /** What CNS on a new node learns from the node's NodeNetworkConfig; null where CNS does not run. */
  readonly networkContainer: (network: ClusterNetwork, node: Pick<ClusterNode, 'name' | 'podCidr'>) => NetworkContainer | null;
  /** What ip-masq-agent is told not to masquerade. */
  readonly nonMasqueradeCidrs: (network: ClusterNetwork) => readonly Prefix[];
  /** kube-proxy's `--cluster-cidr`: whose packets count as a local pod's. */
  readonly clusterCidr: (network: ClusterNetwork) => Prefix;
  /** Whether ensure-no-dup adds the bridge rules against the second copy of a promiscuous bridge. */
  readonly dedupPromisc: boolean;
}
