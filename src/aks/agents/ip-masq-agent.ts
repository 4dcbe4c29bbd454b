import { type MasqConfig, mergeMasqConfigs } from '../../kube/ip-masq-agent/config.ts';
import { ipMasqAgentSync } from '../../kube/ip-masq-agent/render.ts';
import type { IptablesPlan } from '../../kube/iptables/plan.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import type { Cluster, ClusterNetwork } from '../../world/cluster.ts';
import type { NetworkMode } from '../modes/mode.ts';

/** The file azure-ip-masq-agent-config-reconciled of a mode. */
export function reconciledMasqConfig(mode: NetworkMode, network: ClusterNetwork): MasqConfig {
  return { nonMasqueradeCIDRs: mode.nonMasqueradeCidrs(network).map(formatPrefix), masqLinkLocal: true };
}

/** What the agent of a cluster does on every resync: AKS's own file and the user's, united. */
export function ipMasqAgentPlan(cluster: Cluster): IptablesPlan {
  const own = cluster.masqConfig === null ? [] : [cluster.masqConfig];
  return ipMasqAgentSync(mergeMasqConfigs([...own, ...cluster.objects.masqConfigs]));
}
