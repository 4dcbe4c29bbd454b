import type { MasqConfig } from '../../kube/ip-masq-agent/config.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import type { ClusterNetwork } from '../../world/cluster.ts';
import { reconciledMasqConfig } from '../agents/ip-masq-agent.ts';
import type { NetworkMode } from '../modes/mode.ts';
import type { ClusterSpec } from '../spec.ts';

/** The file that AKS keeps for ip-masq-agent: the mode's, with what the description says otherwise. */
export function ipMasqConfigOf({ masq }: ClusterSpec, mode: NetworkMode, network: ClusterNetwork): MasqConfig {
  const preset = reconciledMasqConfig(mode, network);
  return {
    nonMasqueradeCIDRs: masq?.nonMasqueradeCidrs?.map(formatPrefix) ?? preset.nonMasqueradeCIDRs,
    masqLinkLocal: masq?.masqLinkLocal ?? preset.masqLinkLocal,
  };
}
