import type { ChainRules, OriginRule, RestoreLine, RestoreTable } from '../iptables/plan.ts';
import type { RuleContext, ServicePortRules } from './service-rules.ts';
import { type KubeProxySettings, type NodeView, hasLocalhostNodePorts, localMatch, matchesAllAddresses, nodePortIPs } from './settings.ts';
import { type ProxiedService, type ProxyObjects, proxiedServices } from './view.ts';

/** Above this many endpoints in the cluster, rules for endpoints go without comments. @source proxier.go */
const LARGE_CLUSTER_ENDPOINTS = 1000;
const FILTER_CHAINS = ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FORWARD', 'KUBE-NODEPORTS', 'KUBE-PROXY-FIREWALL'] as const;
const NAT_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'] as const;
const ORIGIN = 'kube-proxy';

interface ServiceRules {
  readonly service: ProxiedService;
  readonly ports: readonly ServicePortRules[];
}

/** Everything that kube-proxy wants on a node, before it decides what of it to write. */
export interface KubeProxyRules {
  readonly services: readonly ServiceRules[];
  /** nat rules that stand before those of the services, and behind them. */
  readonly natHead: readonly RestoreLine[];
  readonly natTail: readonly RestoreLine[];
  readonly filterChains: readonly string[];
  readonly filterHead: readonly RestoreLine[];
  readonly filterTail: readonly RestoreLine[];
}

/** What is known of a list of services, whatever the node. */
interface Known {
  readonly differing: readonly ProxiedService[];
  readonly large: boolean;
  readonly rules: Map<string, KubeProxyRules>;
}

const memo = new WeakMap<readonly ProxiedService[], Known>();

function knownOf(services: readonly ProxiedService[]): Known {
  let known = memo.get(services);
  if (known === undefined) {
    known = {
      differing: services.filter(({ differsByNode }) => differsByNode),
      large: services.reduce((sum, { endpointCount }) => sum + endpointCount, 0) > LARGE_CLUSTER_ENDPOINTS,
      rules: new Map(),
    };
    memo.set(services, known);
  }
  return known;
}

/**
 * The rules of kube-proxy in iptables mode on one node. Nodes for which nothing that matters differs get the identical object.
 * @source pkg/proxy/iptables/proxier.go syncProxyRules
 */
export function kubeProxyRules(objects: ProxyObjects, node: NodeView, settings: KubeProxySettings): KubeProxyRules {
  const services = proxiedServices(objects);
  const known = knownOf(services);
  const nodePorts = nodePortJumps(settings, node);
  const match = localMatch(settings.localDetector, node);
  const variants = known.differing.map((service) => service.variant(node));
  const key = JSON.stringify([settings, match, nodePorts, variants]);
  let rules = known.rules.get(key);
  if (rules === undefined) {
    const context: RuleContext = {
      nodeIP: node.ip,
      localMatch: match,
      masqueradeAll: settings.masqueradeAll,
      countsLocalhost: settings.nfacct && hasLocalhostNodePorts(settings),
      large: known.large,
    };
    const contextKey = JSON.stringify([match, context.masqueradeAll, context.countsLocalhost, context.large]);
    rules = {
      services: services.map((service) => ({ service, ports: service.rules(node, context, contextKey) })),
      natHead: natHead(settings),
      natTail: nodePorts.map((args) => append('KUBE-SERVICES', args)),
      filterChains: hasLocalhostNodePorts(settings) ? [...FILTER_CHAINS, 'KUBE-FIREWALL'] : FILTER_CHAINS,
      filterHead: hasLocalhostNodePorts(settings) ? [append('KUBE-FIREWALL', LOCALNET_RULE)] : [],
      filterTail: filterTail(settings),
    };
    known.rules.set(key, rules);
  }
  return rules;
}

/** The rule that mitigates route_localnet; kubelet writes the same one. */
export const LOCALNET_RULE =
  '-m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP';

function append(chain: string, args: string): RestoreLine {
  return { op: 'append', chain, args, origin: ORIGIN };
}

function natHead({ masqueradeMark: mark, randomFully }: KubeProxySettings): RestoreLine[] {
  const masquerade = `-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${randomFully ? ' --random-fully' : ''}`;
  return [
    append('KUBE-POSTROUTING', `-m mark ! --mark ${mark}/${mark} -j RETURN`),
    append('KUBE-POSTROUTING', `-j MARK --xor-mark ${mark}`),
    append('KUBE-POSTROUTING', masquerade),
    append('KUBE-MARK-MASQ', `-j MARK --or-mark ${mark}`),
  ];
}

function nodePortJumps(settings: KubeProxySettings, node: NodeView): string[] {
  const note = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';
  if (matchesAllAddresses(settings)) {
    const notLocalhost = hasLocalhostNodePorts(settings) ? '' : ' ! -d 127.0.0.0/8';
    return [`${note} -m addrtype --dst-type LOCAL${notLocalhost} -j KUBE-NODEPORTS`];
  }
  return nodePortIPs(settings, node).map((ip) => `${note} -d ${ip} -j KUBE-NODEPORTS`);
}

function filterTail({ masqueradeMark: mark, conntrackTcpLiberal, nfacct }: KubeProxySettings): RestoreLine[] {
  const counted = nfacct ? ' -m nfacct --nfacct-name ct_state_invalid_dropped_pkts' : '';
  return [
    ...(conntrackTcpLiberal ? [] : [append('KUBE-FORWARD', `-m conntrack --ctstate INVALID${counted} -j DROP`)]),
    append('KUBE-FORWARD', `-m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`),
    append(
      'KUBE-FORWARD',
      '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ),
  ];
}

export interface KubeProxyChains {
  readonly filter: readonly ChainRules[];
  readonly nat: readonly ChainRules[];
}

const chainsOf = new WeakMap<KubeProxyRules, KubeProxyChains>();

/**
 * Every chain of kube-proxy in filter and nat with all of its rules: what stands in the kernel after a full sync. The identical object for
 * the identical rules; the chains of a service that did not change are identical objects too.
 */
export function kubeProxyChains(rules: KubeProxyRules): KubeProxyChains {
  let chains = chainsOf.get(rules);
  if (chains === undefined) chainsOf.set(rules, (chains = gatherChains(rules)));
  return chains;
}

function gatherChains(rules: KubeProxyRules): KubeProxyChains {
  const ports = rules.services.flatMap((service) => service.ports);
  const filter = [rules.filterHead, ...ports.map((port) => port.filter), rules.filterTail].flat();
  const nat = [rules.natHead, ...ports.map((port) => port.dispatch), rules.natTail].flat();
  return {
    filter: gather(rules.filterChains, filter),
    nat: [...gather(NAT_CHAINS, nat), ...ports.flatMap((port) => port.chains)],
  };
}

function gather(chains: readonly string[], lines: readonly (RestoreLine | (OriginRule & { readonly chain: string }))[]): ChainRules[] {
  const lists = new Map<string, OriginRule[]>(chains.map((name) => [name, []]));
  for (const line of lines) {
    if ('op' in line && line.op === 'delete-chain') continue;
    lists.get(line.chain)?.push({ args: line.args, origin: line.origin });
  }
  return [...lists].map(([name, list]) => ({ name, rules: list }));
}

/** What of the rules goes into an iptables-restore input. */
export interface RestoreChoice {
  /** Services whose own chains have not changed since the last sync and are left out. */
  readonly unchanged: (service: ServiceRules) => boolean;
  /** Chains that nothing uses any more. */
  readonly stale: readonly string[];
}

/** The iptables-restore input, in upstream's order. */
export function kubeProxyRestore(rules: KubeProxyRules, { unchanged, stale }: RestoreChoice): { filter: RestoreTable; nat: RestoreTable } {
  const filter: RestoreLine[] = [...rules.filterHead];
  const nat: RestoreLine[] = [...rules.natHead];
  const natChains: string[] = [...NAT_CHAINS];
  for (const service of rules.services) {
    const skipped = unchanged(service);
    for (const port of service.ports) {
      for (const rule of port.filter) filter.push({ op: 'append', ...rule });
      for (const rule of port.dispatch) nat.push({ op: 'append', ...rule });
      if (!skipped) writeChains(port, natChains, nat);
    }
  }
  nat.push(...stale.map((chain): RestoreLine => ({ op: 'delete-chain', chain })), ...rules.natTail);
  filter.push(...rules.filterTail);
  return {
    filter: { table: 'filter', chains: rules.filterChains, lines: filter },
    nat: { table: 'nat', chains: [...natChains, ...stale], lines: nat },
  };
}

function writeChains({ chains, masquerading }: ServicePortRules, names: string[], lines: RestoreLine[]): void {
  const first = chains.find(({ name }) => name === masquerading)?.rules[0];
  if (first !== undefined && masquerading !== null) lines.push({ op: 'append', chain: masquerading, ...first });
  for (const { name, rules } of chains) {
    names.push(name);
    for (const rule of name === masquerading ? rules.slice(1) : rules) lines.push({ op: 'append', chain: name, ...rule });
  }
}
