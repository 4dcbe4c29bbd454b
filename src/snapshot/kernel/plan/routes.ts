import type { Netns } from '../../../linux/netns.ts';
import type { Nexthop, PolicyRule, Route } from '../../../linux/route.ts';
import { byAge, leadsToHost } from '../../../linux/fib/gateway-scope.ts';
import { DEFAULT_RULES } from '../../../linux/ops/create-netns.ts';
import { type Ipv4, formatIpv4 } from '../../../wire/ipv4.ts';
import { CannotBuild, word } from './word.ts';

/** The numbers of protocol names that every iproute2 knows. @source /etc/iproute2/rt_protos */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['redirect', 1],
  ['kernel', 2],
  ['boot', 3],
  ['static', 4],
  ['gated', 8],
  ['ra', 9],
  ['mrt', 10],
  ['zebra', 11],
  ['bird', 12],
  ['dnrouted', 13],
  ['xorp', 14],
  ['ntk', 15],
  ['dhcp', 16],
  ['keepalived', 18],
  ['babel', 42],
  ['bgp', 186],
  ['isis', 187],
  ['ospf', 188],
  ['rip', 189],
  ['eigrp', 192],
]);
const BOOT = 3;

function protocolNumber(name: string): number {
  return PROTOCOLS.get(name) ?? (/^\d{1,3}$/.test(name) ? Number(name) & 255 : BOOT);
}

/**
 * The routes of a namespace: each in the words in which the helper names what the kernel has, and the line for `ip` that adds it. Those
 * that lead to gateways come first, except that a route of `scope host`, which makes a gateway none, keeps its place, and one that makes
 * addresses this host's comes last.
 * @throws CannotBuild for a way that died with the last address of its device, which nobody tells any more
 */
export function routePlan({ fib, links }: Pick<Netns, 'fib' | 'links'>): [words: string, line: string][] {
  const all = byAge(fib).flatMap(({ id, routes }) => routes.map((route) => ({ id, route })));
  const up = new Set(links.filter((link) => link.up).map(({ name }) => name));
  const dead = all.flatMap(({ route }) => route.nexthops).find((hop) => hop.dead && hop.dev !== null && up.has(hop.dev));
  if (dead !== undefined) throw new CannotBuild(`a way over ${dead.dev} is dead, and the device is up`);
  const turn = (route: Route): number => {
    if (route.type === 'local' && route.protocol !== 'kernel') return 2;
    return leadsToHost(route) || route.nexthops.some(({ via }) => via !== null) ? 1 : 0;
  };
  return all.toSorted((a, b) => turn(a.route) - turn(b.route)).map(({ id, route }) => [routeWords(route, id), routeLine(route, id)]);
}

/** A route as the helper's routes.py names it. */
function routeWords(route: Route, table: number): string {
  const { type, dst, len, tos, metric, scope, protocol, src, mtuBytes, mtuLocked, advmss } = route;
  return [
    `table ${table} ${type} ${formatIpv4(dst)}/${len}`,
    `tos ${tos} metric ${metric} scope ${scope} proto ${protocolNumber(protocol)} src ${addressOr(src)}`,
    `mtu ${mtuBytes ?? 0} lock ${mtuLocked ? 1 : 0} advmss ${advmss ?? 0}`,
    ...route.nexthops.filter(({ dev }) => dev !== null).map((hop) => hopWords(hop, route.nexthops.length)),
  ].join(' ');
}

function hopWords({ dev, via, weight, onlink }: Nexthop, of: number): string {
  return `dev ${dev ?? '-'} via ${addressOr(via)} weight ${of === 1 ? 1 : weight}${onlink ? ' onlink' : ''}`;
}

function addressOr(address: Ipv4 | null): string {
  return address === null ? '-' : formatIpv4(address);
}

function routeLine(route: Route, table: number): string {
  const { type, dst, len, tos, metric, scope, protocol, src, mtuBytes, mtuLocked, advmss, nexthops } = route;
  const [only] = nexthops;
  const hops =
    nexthops.length === 1 && only !== undefined
      ? hopLine(only)
      : nexthops.map((hop) => ` nexthop${hopLine(hop)} weight ${hop.weight}`).join('');
  return [
    `route append ${type} ${formatIpv4(dst)}/${len} table ${table} proto ${protocolNumber(protocol)}`,
    ...(type === 'unicast' || type === 'local' || type === 'broadcast' ? [`scope ${scope}`] : []),
    ...(tos === 0 ? [] : [`tos 0x${tos.toString(16)}`]),
    ...(src === null ? [] : [`src ${formatIpv4(src)}`]),
    ...(metric === 0 ? [] : [`metric ${metric}`]),
    ...(mtuBytes === null ? [] : [`mtu ${mtuLocked ? 'lock ' : ''}${mtuBytes}`]),
    ...(advmss === null ? [] : [`advmss ${advmss}`]),
  ]
    .join(' ')
    .concat(hops);
}

function hopLine({ dev, via, onlink }: Nexthop): string {
  return `${via === null ? '' : ` via ${formatIpv4(via)}`}${dev === null ? '' : ` dev ${word(dev)}`}${onlink ? ' onlink' : ''}`;
}

/** Policy rules for `ip`; nothing where they are what every namespace has, for any change makes the kernel check sources differently. */
export function ruleLines(rules: readonly PolicyRule[]): string[] {
  if (JSON.stringify(rules) === JSON.stringify(DEFAULT_RULES)) return [];
  const table = (rule: PolicyRule): number => (rule.action.type === 'table' ? rule.action.table : 0);
  const isDefault = (rule: PolicyRule): boolean =>
    DEFAULT_RULES.some((usual) => JSON.stringify({ ...usual, protocol: '' }) === JSON.stringify({ ...rule, protocol: '' }));
  const missing = DEFAULT_RULES.filter((usual) => !rules.some((rule) => isDefault(rule) && table(rule) === table(usual)));
  return [
    ...rules.filter((rule) => !isDefault(rule)).map(ruleLine),
    ...missing.map((rule) => `rule del pref ${rule.priority} table ${table(rule)}`),
  ];
}

function ruleLine(rule: PolicyRule): string {
  const masked = (selector: PolicyRule['from']): string => (selector === null ? 'all' : `${formatIpv4(selector.addr)}/${selector.len}`);
  const range = ({ from, to }: { from: number; to: number }): string => (from === to ? String(from) : `${from}-${to}`);
  return [
    `rule add${rule.not ? ' not' : ''} from ${masked(rule.from)}`,
    ...(rule.to === null ? [] : [`to ${masked(rule.to)}`]),
    ...(rule.tos === 0 ? [] : [`tos 0x${rule.tos.toString(16)}`]),
    ...(rule.fwmark === null ? [] : [`fwmark ${rule.fwmark.value >>> 0}/${rule.fwmark.mask >>> 0}`]),
    ...(rule.iif === null ? [] : [`iif ${word(rule.iif)}`]),
    ...(rule.oif === null ? [] : [`oif ${word(rule.oif)}`]),
    ...(rule.uidrange === null ? [] : [`uidrange ${rule.uidrange.from}-${rule.uidrange.to}`]),
    ...(rule.ipproto === null ? [] : [`ipproto ${rule.ipproto}`]),
    ...(rule.sport === null ? [] : [`sport ${range(rule.sport)}`]),
    ...(rule.dport === null ? [] : [`dport ${range(rule.dport)}`]),
    `pref ${rule.priority} ${actionWords(rule)}`,
    ...(rule.suppressPrefixlength === null ? [] : [`suppress_prefixlength ${rule.suppressPrefixlength}`]),
    ...(rule.suppressIfgroup === null ? [] : [`suppress_ifgroup ${rule.suppressIfgroup}`]),
  ].join(' ');
}

function actionWords({ action }: PolicyRule): string {
  switch (action.type) {
    case 'table':
      return `table ${action.table}`;
    case 'goto':
      return `goto ${action.priority}`;
    case 'nop':
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      return action.type;
  }
}
