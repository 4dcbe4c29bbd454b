import type { ChainRule, ChainRules, OriginRule } from '../iptables/plan.ts';
import type { CategorizedEndpoints, ProxyEndpoint } from './endpoints.ts';
import { chainHash } from './names.ts';
import { type ProxiedPort, isExternallyAccessible, isInSourceRanges, usesClusterEndpoints, usesLocalEndpoints } from './service-ports.ts';
import type { LocalMatch } from './settings.ts';

/** What decides the rules of a service port besides the service and its endpoints. */
export interface RuleContext {
  readonly nodeIP: string;
  readonly localMatch: LocalMatch | null;
  readonly masqueradeAll: boolean;
  /** Whether node ports on loopback addresses are counted by a rule of their own. */
  readonly countsLocalhost: boolean;
  /** More than 1,000 endpoints in the cluster: rules for endpoints go without comments. */
  readonly large: boolean;
}

/** The rules of one service port. */
export interface ServicePortRules {
  readonly filter: readonly ChainRule[];
  /** Rules of KUBE-SERVICES and KUBE-NODEPORTS in nat. */
  readonly dispatch: readonly ChainRule[];
  /** The port's own nat chains: EXT, FW, SVC, SVL and one SEP for each reachable endpoint. */
  readonly chains: readonly ChainRules[];
  /** The chain whose first rule masquerades ClusterIP traffic: upstream writes that rule before those of the other chains. */
  readonly masquerading: string | null;
}

/**
 * Renders one service port.
 * @source pkg/proxy/iptables/proxier.go syncProxyRules, the loop over service ports; the order within a chain is the same
 */
export function renderServicePort(
  port: ProxiedPort,
  endpoints: CategorizedEndpoints,
  context: RuleContext,
  origin: string,
): ServicePortRules {
  const filter: ChainRule[] = [];
  const dispatch: ChainRule[] = [];
  const { name, protocol, extChain, fwChain } = port;
  const proto = `-m ${protocol} -p ${protocol}`;
  const comment = (text: string): string => `-m comment --comment "${text}"`;
  const to = (ip: string): string => `${proto} -d ${ip} --dport ${port.port}`;
  const inFilter = (chain: string, args: string): number => filter.push({ chain, args, origin });
  const inNat = (chain: string, args: string): number => dispatch.push({ chain, args, origin });

  const hasInternal = endpoints.any && (!port.internalPolicyLocal || endpoints.local.length > 0);
  const hasExternal = endpoints.any && (!port.externalPolicyLocal || endpoints.local.length > 0);
  const internalChain = port.internalPolicyLocal ? port.svlChain : port.svcChain;
  const usesFw = endpoints.any && port.loadBalancerVIPs.length > 0 && port.sourceRanges.length > 0;
  const refusal = endpoints.any ? comment(`${name} has no local endpoints`) : comment(`${name} has no endpoints`);
  const verdict = endpoints.any ? 'DROP' : 'REJECT';

  const clusterIP = `${comment(`${name} cluster IP`)} ${to(port.clusterIP)}`;
  if (hasInternal) inNat('KUBE-SERVICES', `${clusterIP} -j ${internalChain}`);
  else inFilter('KUBE-SERVICES', `${refusal} ${to(port.clusterIP)} -j ${verdict}`);

  for (const ip of port.externalIPs) {
    if (endpoints.any) inNat('KUBE-SERVICES', `${comment(`${name} external IP`)} ${to(ip)} -j ${extChain}`);
    if (!hasExternal) inFilter('KUBE-EXTERNAL-SERVICES', `${refusal} ${to(ip)} -j ${verdict}`);
  }
  for (const vip of port.loadBalancerVIPs) {
    if (endpoints.any) inNat('KUBE-SERVICES', `${comment(`${name} loadbalancer IP`)} ${to(vip)} -j ${usesFw ? fwChain : extChain}`);
    if (usesFw) inFilter('KUBE-PROXY-FIREWALL', `${comment(`${name} traffic not accepted by ${fwChain}`)} ${to(vip)} -j DROP`);
  }
  if (!hasExternal) {
    for (const vip of port.loadBalancerVIPs) inFilter('KUBE-EXTERNAL-SERVICES', `${refusal} ${to(vip)} -j ${verdict}`);
  }
  if (port.nodePort !== 0) {
    const start = `-m comment --comment ${name} ${proto}`;
    const dport = `--dport ${port.nodePort}`;
    if (endpoints.any) {
      if (context.countsLocalhost) {
        inNat('KUBE-NODEPORTS', `${start} -d 127.0.0.0/8 ${dport} -m nfacct --nfacct-name localhost_nps_accepted_pkts -j ${extChain}`);
      }
      inNat('KUBE-NODEPORTS', `${start} ${dport} -j ${extChain}`);
    }
    if (!hasExternal) inFilter('KUBE-EXTERNAL-SERVICES', `${refusal} -m addrtype --dst-type LOCAL ${proto} ${dport} -j ${verdict}`);
  }
  if (port.healthCheckNodePort !== 0) {
    const health = comment(`${name} health check node port`);
    inFilter('KUBE-NODEPORTS', `${health} -m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`);
  }

  const masquerade = hasInternal ? clusterMasquerade(clusterIP, context) : null;
  const named = new Map(endpoints.reachable.map((endpoint) => [endpoint, endpointChainName(port, endpoint)]));
  const chains = [
    ...(endpoints.any && isExternallyAccessible(port) ? [externalChain(port, hasExternal, context)] : []),
    ...(usesFw ? [firewallChain(port, context)] : []),
    ...(endpoints.cluster.length > 0 && usesClusterEndpoints(port)
      ? [policyChain(port, port.svcChain, endpoints.cluster, named, context)]
      : []),
    ...(endpoints.local.length > 0 && usesLocalEndpoints(port) ? [policyChain(port, port.svlChain, endpoints.local, named, context)] : []),
    ...[...named].map(([endpoint, chain]) => endpointChain(port, chain, endpoint, context)),
  ];
  return {
    filter,
    dispatch,
    chains: chains.map(({ name: chain, rules }) => ({
      name: chain,
      rules: (masquerade !== null && chain === internalChain ? [masquerade, ...rules] : rules).map((args): OriginRule => ({
        args,
        origin,
      })),
    })),
    masquerading: masquerade === null ? null : internalChain,
  };
}

interface ChainText {
  readonly name: string;
  readonly rules: readonly string[];
}

/** ClusterIP traffic that does not come from a local pod: someone routes the service range to a node, which bridges it in. */
function clusterMasquerade(match: string, { masqueradeAll, localMatch }: RuleContext): string | null {
  if (masqueradeAll) return `${match} -j KUBE-MARK-MASQ`;
  return localMatch === null ? null : `${match} ${localMatch.ifNotLocal} -j KUBE-MARK-MASQ`;
}

function externalChain(port: ProxiedPort, hasExternal: boolean, { localMatch }: RuleContext): ChainText {
  const rules: string[] = [];
  const add = (text: string, rest: string): number =>
    rules.push(`-m comment --comment "${text} for ${port.name} external destinations" ${rest}`);
  if (port.externalPolicyLocal) {
    // Pods and the node itself are spared the policy, as if their packets had gone out and come back through a load balancer.
    if (localMatch !== null) add('pod traffic', `${localMatch.ifLocal} -j ${port.svcChain}`);
    add('masquerade LOCAL traffic', '-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ');
    add('route LOCAL traffic', `-m addrtype --src-type LOCAL -j ${port.svcChain}`);
  } else add('masquerade traffic', '-j KUBE-MARK-MASQ');
  if (hasExternal) rules.push(`-j ${port.externalPolicyLocal ? port.svlChain : port.svcChain}`);
  return { name: port.extChain, rules };
}

function firewallChain(port: ProxiedPort, { nodeIP }: RuleContext): ChainText {
  const accept = (source: string): string => `-m comment --comment "${port.name} loadbalancer IP" -s ${source} -j ${port.extChain}`;
  // A node's own packets to a VIP that is local to it carry the VIP as their source.
  const ownVips = isInSourceRanges(port, nodeIP) ? port.loadBalancerVIPs : [];
  const rest = `-m comment --comment "other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL"`;
  return { name: port.fwChain, rules: [...[...port.sourceRanges, ...ownVips].map(accept), rest] };
}

type NamedEndpoints = ReadonlyMap<ProxyEndpoint, string>;

function policyChain(
  port: ProxiedPort,
  name: string,
  endpoints: readonly ProxyEndpoint[],
  named: NamedEndpoints,
  { large }: RuleContext,
): ChainText {
  const rules: string[] = [];
  const jumps = endpoints.map((endpoint) => ({
    chain: named.get(endpoint) ?? endpointChainName(port, endpoint),
    comment: large ? '' : `-m comment --comment "${port.name} -> ${endpoint.text}" `,
  }));
  if (port.affinitySeconds !== null) {
    for (const { chain, comment } of jumps) {
      rules.push(`${comment}-m recent --name ${chain} --rcheck --seconds ${port.affinitySeconds} --reap -j ${chain}`);
    }
  }
  for (const [index, { chain, comment }] of jumps.entries()) {
    const left = jumps.length - index;
    const chance = left === 1 ? '' : `-m statistic --mode random --probability ${probability(left)} `;
    rules.push(`${comment}${chance}-j ${chain}`);
  }
  return { name, rules };
}

/** One in `n` as Go's %.10f prints it, which rounds half to even: 1/2048 is the one tie. */
function probability(n: number): string {
  return n === 2048 ? '0.0004882812' : (1 / n).toFixed(10);
}

function endpointChainName(port: ProxiedPort, endpoint: ProxyEndpoint): string {
  return `KUBE-SEP-${chainHash(port.name + port.protocol + endpoint.text)}`;
}

function endpointChain(port: ProxiedPort, name: string, endpoint: ProxyEndpoint, { large }: RuleContext): ChainText {
  const comment = large ? '' : `-m comment --comment ${port.name} `;
  const recent = port.affinitySeconds === null ? '' : `-m recent --name ${name} --set `;
  const proto = `-m ${port.protocol} -p ${port.protocol}`;
  return {
    name,
    rules: [`${comment}-s ${endpoint.ip} -j KUBE-MARK-MASQ`, `${comment}${recent}${proto} -j DNAT --to-destination ${endpoint.text}`],
  };
}
