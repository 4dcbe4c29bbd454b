import {
  type FibTable,
  type Nexthop,
  type PolicyRule,
  type Route,
  type RouteScope,
  TABLE_DEFAULT,
  TABLE_LOCAL,
  TABLE_MAIN,
} from '../../linux/route.ts';
import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';
import { protoName } from '../../wire/proto.ts';
import { type JsonRow, hexText } from './json-row.ts';

const TABLES: ReadonlyMap<number, string> = new Map([
  [TABLE_DEFAULT, 'default'],
  [TABLE_MAIN, 'main'],
  [TABLE_LOCAL, 'local'],
]);

function tableName(id: number): string {
  return TABLES.get(id) ?? String(id);
}

/** The routes of all tables as `ip -j route show table all` prints them. */
export function routeRows(fib: readonly FibTable[]): JsonRow[] {
  return fib.flatMap(({ id, routes }) => routes.map((route) => routeRow(route, id)));
}

function routeRow(route: Route, table: number): JsonRow {
  const scope: RouteScope = route.scope;
  return {
    type: route.type,
    dst: prefixText(route.dst, route.len),
    ...(route.tos === 0 ? {} : { tos: hexText(route.tos) }),
    ...nexthopCells(route.nexthops),
    table: tableName(table),
    protocol: route.protocol,
    scope,
    ...(route.src === null ? {} : { prefsrc: formatIpv4(route.src) }),
    ...(route.metric === 0 ? {} : { metric: route.metric }),
    ...metricCells(route),
  };
}

function nexthopCells(nexthops: readonly Nexthop[]): JsonRow {
  const [only, ...more] = nexthops;
  if (only === undefined) return { flags: [] };
  if (more.length === 0 && only.weight === 1) return nexthopRow(only);
  return { nexthops: nexthops.map((hop) => ({ ...nexthopRow(hop), weight: hop.weight })), flags: [] };
}

function nexthopRow(hop: Nexthop): JsonRow {
  return {
    ...(hop.via === null ? {} : { gateway: formatIpv4(hop.via) }),
    ...(hop.dev === null ? {} : { dev: hop.dev }),
    flags: [...(hop.onlink ? ['onlink'] : []), ...(hop.dead ? ['dead'] : [])],
  };
}

function metricCells(route: Route): JsonRow {
  if (route.mtuBytes === null && route.advmss === null) return {};
  const metrics = {
    ...(route.mtuLocked ? { lock: true } : {}),
    ...(route.mtuBytes === null ? {} : { mtu: route.mtuBytes }),
    ...(route.advmss === null ? {} : { advmss: route.advmss }),
  };
  return { metrics: [metrics] };
}

/** `default`, a bare address for a host, or a prefix. */
function prefixText(addr: Ipv4, len: number): string {
  if (len === 0) return 'default';
  return len === 32 ? formatIpv4(addr) : `${formatIpv4(addr)}/${len}`;
}

/** The policy rules as `ip -j rule show` prints them. */
export function ruleRows(rules: readonly PolicyRule[]): JsonRow[] {
  return rules.map((rule) => ({
    priority: rule.priority,
    ...(rule.not ? { not: null } : {}),
    ...selectorCells('src', rule.from, true),
    ...selectorCells('dst', rule.to, false),
    ...(rule.tos === 0 ? {} : { tos: hexText(rule.tos) }),
    ...fwmarkCells(rule.fwmark),
    ...(rule.iif === null ? {} : { iif: rule.iif }),
    ...(rule.oif === null ? {} : { oif: rule.oif }),
    ...(rule.uidrange === null ? {} : { uid_start: rule.uidrange.from, uid_end: rule.uidrange.to }),
    ...(rule.ipproto === null ? {} : { ipproto: protoName(rule.ipproto) }),
    ...portCells('sport', rule.sport),
    ...portCells('dport', rule.dport),
    ...actionCells(rule),
    ...(rule.suppressPrefixlength === null ? {} : { suppress_prefixlen: rule.suppressPrefixlength }),
    ...(rule.suppressIfgroup === null ? {} : { suppress_ifgroup: rule.suppressIfgroup }),
    ...(rule.protocol === 'kernel' ? {} : { protocol: rule.protocol }),
  }));
}

function selectorCells(key: 'src' | 'dst', selector: PolicyRule['from'], always: boolean): JsonRow {
  if (selector === null) return always ? { [key]: 'all' } : {};
  const { addr, len } = selector;
  return { [key]: formatIpv4(addr), ...(len === 32 ? {} : { [`${key}len`]: len }) };
}

function fwmarkCells(fwmark: PolicyRule['fwmark']): JsonRow {
  if (fwmark === null) return {};
  const full = fwmark.mask >>> 0 === 0xffff_ffff;
  return { fwmark: hexText(fwmark.value), ...(full ? {} : { fwmask: hexText(fwmark.mask) }) };
}

function portCells(key: 'sport' | 'dport', ports: PolicyRule['sport']): JsonRow {
  if (ports === null) return {};
  return ports.from === ports.to ? { [key]: ports.from } : { [`${key}_start`]: ports.from, [`${key}_end`]: ports.to };
}

function actionCells({ action }: PolicyRule): JsonRow {
  switch (action.type) {
    case 'table':
      return { table: tableName(action.table) };
    case 'goto':
      return { goto: action.priority };
    case 'nop':
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      return { action: action.type };
  }
}
