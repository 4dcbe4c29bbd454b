import { type EnsureChain, type EnsureRule, type IptablesPlan, type TableName, printRestore } from '../iptables/plan.ts';
import { isServiceChain } from './names.ts';
import { type KubeProxyRules, kubeProxyChains, kubeProxyRestore, kubeProxyRules } from './render.ts';
import type { KubeProxySettings, NodeView } from './settings.ts';
import type { ProxyObjects } from './view.ts';

const ORIGIN = 'kube-proxy';
const NEW = '-m conntrack --ctstate NEW ';

type Jump = readonly [table: TableName, from: string, to: string, match: string, comment: string | null];

/** The jumps from built-in chains, in the order in which they are made sure of. Each goes to the front, so a fresh node has them reversed. */
const JUMPS: readonly Jump[] = [
  ['filter', 'INPUT', 'KUBE-EXTERNAL-SERVICES', NEW, 'kubernetes externally-visible service portals'],
  ['filter', 'FORWARD', 'KUBE-EXTERNAL-SERVICES', NEW, 'kubernetes externally-visible service portals'],
  ['filter', 'INPUT', 'KUBE-NODEPORTS', '', 'kubernetes health check service ports'],
  ['filter', 'FORWARD', 'KUBE-SERVICES', NEW, 'kubernetes service portals'],
  ['filter', 'OUTPUT', 'KUBE-SERVICES', NEW, 'kubernetes service portals'],
  ['filter', 'FORWARD', 'KUBE-FORWARD', '', 'kubernetes forwarding rules'],
  ['filter', 'INPUT', 'KUBE-PROXY-FIREWALL', NEW, 'kubernetes load balancer firewall'],
  ['filter', 'OUTPUT', 'KUBE-PROXY-FIREWALL', NEW, 'kubernetes load balancer firewall'],
  ['filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', NEW, 'kubernetes load balancer firewall'],
  ['nat', 'OUTPUT', 'KUBE-SERVICES', '', 'kubernetes service portals'],
  ['nat', 'PREROUTING', 'KUBE-SERVICES', '', 'kubernetes service portals'],
  ['nat', 'POSTROUTING', 'KUBE-POSTROUTING', '', 'kubernetes postrouting rules'],
  ['filter', 'INPUT', 'KUBE-FIREWALL', '', null],
  ['filter', 'OUTPUT', 'KUBE-FIREWALL', '', null],
];

/** Chains whose disappearance tells kube-proxy that somebody flushed the tables. */
const CANARIES: readonly EnsureChain[] = (['mangle', 'nat', 'filter'] as const).map((table) => ({ table, chain: 'KUBE-PROXY-CANARY' }));

const JUMP_CHAINS: readonly EnsureChain[] = JUMPS.map(([table, , chain]) => ({ table, chain }));
const JUMP_RULES: readonly EnsureRule[] = JUMPS.map(([table, chain, target, match, comment]) => ({
  table,
  chain,
  position: 'prepend',
  args: `${match}${comment === null ? '' : `-m comment --comment "${comment}" `}-j ${target}`,
  origin: ORIGIN,
}));

/**
 * A full sync, as at start, after an hour, or when the canary is gone: jumps, every chain, and the removal of stale chains.
 * @param existingNatChains the names of the chains that nat holds now
 * @source pkg/proxy/iptables/proxier.go syncProxyRules
 */
export function fullSync(rules: KubeProxyRules, existingNatChains: readonly string[]): IptablesPlan {
  const { filter, nat } = kubeProxyRestore(rules, { unchanged: () => false, stale: staleChains(rules, existingNatChains) });
  return { policies: [], chains: [...CANARIES, ...JUMP_CHAINS], rules: JUMP_RULES, restore: [filter, nat] };
}

/**
 * A sync after a change of services or endpoints: the chains of services that are rendered as before are left out.
 * @param previous what the last sync wrote
 */
export function partialSync(previous: KubeProxyRules, rules: KubeProxyRules, existingNatChains: readonly string[]): IptablesPlan {
  const before = new Set(previous.services.map(({ ports }) => ports));
  const { filter, nat } = kubeProxyRestore(rules, {
    unchanged: ({ ports }) => before.has(ports),
    stale: staleChains(rules, existingNatChains),
  });
  return { policies: [], chains: [], rules: [], restore: [filter, nat] };
}

function staleChains(rules: KubeProxyRules, existing: readonly string[]): string[] {
  const active = new Set(rules.services.flatMap(({ ports }) => ports.flatMap(({ chains }) => chains.map(({ name }) => name))));
  return existing.filter((chain) => isServiceChain(chain) && !active.has(chain)).toSorted();
}

/** The iptables-restore inputs of a first full sync, as text for each table. */
export function renderKubeProxy(objects: ProxyObjects, node: NodeView, settings: KubeProxySettings): { filter: string; nat: string } {
  const { filter, nat } = kubeProxyRestore(kubeProxyRules(objects, node, settings), { unchanged: () => false, stale: [] });
  return { filter: printRestore([filter]), nat: printRestore([nat]) };
}

/** The names of every nat chain of kube-proxy after a full sync. */
export function kubeProxyNatChains(rules: KubeProxyRules): string[] {
  return kubeProxyChains(rules).nat.map(({ name }) => name);
}
