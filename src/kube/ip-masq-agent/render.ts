import type { EnsureRule, IptablesPlan, RestoreLine } from '../iptables/plan.ts';
import type { MasqConfig } from './config.ts';

/** How often the agent reads its files and writes its rules again. */
export const IP_MASQ_RESYNC_MS = 60_000;

const ORIGIN = 'ip-masq-agent';
const CHAIN = 'IP-MASQ-AGENT';

/** The agent runs iptables without a shell, so the quotes that it puts around this comment end up inside the comment. */
const JUMP: EnsureRule = {
  table: 'nat',
  chain: 'POSTROUTING',
  position: 'append',
  args: `-m comment --comment "\\"ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom ${CHAIN} chain\\"" -m addrtype ! --dst-type LOCAL -j ${CHAIN}`,
  origin: ORIGIN,
};

/** What ip-masq-agent does on every resync. @source Azure/ip-masq-agent-v2 syncMasqRules */
export function ipMasqAgentSync(config: MasqConfig): IptablesPlan {
  const kept = [...(config.masqLinkLocal ? [] : ['169.254.0.0/16']), ...config.nonMasqueradeCIDRs];
  const lines = [
    ...kept.map((cidr) => append(`-m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -d ${cidr} -j RETURN`)),
    append('-m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE'),
  ];
  return {
    policies: [],
    chains: [{ table: 'nat', chain: CHAIN }],
    rules: [JUMP],
    restore: [{ table: 'nat', chains: [CHAIN], lines }],
  };
}

function append(args: string): RestoreLine {
  return { op: 'append', chain: CHAIN, args, origin: ORIGIN };
}
