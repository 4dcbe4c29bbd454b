import type { EnsureRule, IptablesPlan } from '../iptables/plan.ts';
import { LOCALNET_RULE } from '../kube-proxy/render.ts';

const ORIGIN = 'kubelet';

function ensure(chain: string, position: EnsureRule['position'], args: string): EnsureRule {
  return { table: 'filter', chain, position, args, origin: ORIGIN };
}

/**
 * What kubelet itself keeps in iptables: its canaries, the chain by which others tell iptables-nft from iptables-legacy, and the rule that
 * keeps strangers from loopback addresses. It starts before kube-proxy, whose jumps therefore stand before its own.
 * @source pkg/kubelet/kubelet_network_linux.go of 1.28 and later (no KUBE-MARK-DROP any more)
 */
export function kubeletRules(): IptablesPlan {
  return {
    policies: [],
    chains: [
      { table: 'mangle', chain: 'KUBE-IPTABLES-HINT' },
      ...(['mangle', 'nat', 'filter'] as const).map((table) => ({ table, chain: 'KUBE-KUBELET-CANARY' })),
      { table: 'filter', chain: 'KUBE-FIREWALL' },
    ],
    rules: [
      ensure('OUTPUT', 'prepend', '-j KUBE-FIREWALL'),
      ensure('INPUT', 'prepend', '-j KUBE-FIREWALL'),
      ensure('KUBE-FIREWALL', 'append', LOCALNET_RULE),
    ],
    restore: [],
  };
}
