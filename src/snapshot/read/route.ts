import type { Field } from '../../kube/objects/field.ts';
import { type FibTable, type Nexthop, type Route, type RouteScope, type RouteType, TABLE_MAIN } from '../../linux/route.ts';
import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, prefixOf } from '../../wire/prefix.ts';
import { type IprouteNames, nameOf, namedNumber } from './names.ts';
import { type DeviceReader, flagsOf, ipv4Of, isIpv6Text, numberOf, prefixOfDump, UINT32_MAX } from './scalar.ts';

const MAX_NEXTHOPS = 1024;
const TYPES = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'anycast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
] as const satisfies readonly RouteType[];

/** The kernel's scopes by number; another number has no place in the tables. @source include/uapi/linux/rtnetlink.h enum rt_scope_t */
const SCOPES: ReadonlyMap<number, RouteScope> = new Map([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
  [255, 'nowhere'],
]);

export interface RouteDump {
  readonly tables: FibTable[];
  /** Routes with parts that are not modelled. */
  readonly unmodelled: readonly { readonly prefix: Prefix; readonly text: string }[];
}

/**
 * The IPv4 routes of `ip -j route show table all`, by table in ascending order. IPv6 rows, which the command prints too unless told
 * not to, are skipped.
 * @source iproute2 ip/iproute.c print_route
 */
export function readRoutes(rows: readonly Field[], names: IprouteNames, device: DeviceReader): RouteDump {
  const tables = new Map<number, Route[]>();
  const unmodelled: { readonly prefix: Prefix; readonly text: string }[] = [];
  for (const row of rows) {
    if (isIpv6Row(row)) continue;
    const table = namedNumber(row.get('table'), names.tables, UINT32_MAX, 'a routing table') ?? TABLE_MAIN;
    const route = readRoute(row, names, device);
    if (route === null) continue;
    const text = unmodelledPart(row, route);
    if (text !== null)
      unmodelled.push({ prefix: prefixOf(route.dst, route.len), text: `route ${formatIpv4(route.dst)}/${route.len}: ${text}` });
    const routes = tables.get(table);
    if (routes === undefined) tables.set(table, [route]);
    else routes.push(route);
  }
  return { tables: [...tables].sort(([a], [b]) => a - b).map(([id, routes]) => ({ id, routes })), unmodelled };
}

function isIpv6Row(row: Field): boolean {
  return ['dst', 'gateway', 'prefsrc', 'from'].some((key) => isIpv6Text(row.get(key))) || row.get('pref').present;
}

function readRoute(row: Field, names: IprouteNames, device: DeviceReader): Route | null {
  const dst = prefixOfDump(row.get('dst').required('a destination'));
  if (dst === null) return null;
  const metrics = row.get('metrics').items(16);
  const metric = (name: string): number | null => {
    for (const entry of metrics) if (entry.get(name).present) return numberOf(entry.get(name), 0, UINT32_MAX);
    return null;
  };
  return {
    type: row.get('type').oneOf(TYPES, 'unicast'),
    dst: prefixOf(dst.addr, dst.len).addr,
    len: dst.len,
    tos: namedNumber(row.get('tos'), names.dsfield, 0xff, 'a type of service') ?? 0,
    metric: row.get('metric').int(0, UINT32_MAX) ?? 0,
    scope: scopeOf(row.get('scope'), names),
    protocol: nameOf(row.get('protocol'), names.protocols, 'boot'),
    src: ipv4Of(row.get('prefsrc')),
    nexthops: readNexthops(row, device),
    mtuBytes: metric('mtu'),
    mtuLocked: metric('mtu') !== null && metrics.some((entry) => entry.get('lock').value === true),
    advmss: metric('advmss'),
    origin: null,
  };
}

function scopeOf(field: Field, names: IprouteNames): RouteScope {
  const number = namedNumber(field, names.scopes, 255, 'a scope') ?? 0;
  const scope = SCOPES.get(number);
  if (scope === undefined) field.fail(`scope ${number} is not modelled`, 'global, site, link, host or nowhere');
  return scope ?? 'global';
}

/** The next hops: in the row itself, in `nexthops`, or in `nh_info` where the route uses a nexthop object. */
function readNexthops(row: Field, device: DeviceReader): Nexthop[] {
  const several = row.get('nexthops').items(MAX_NEXTHOPS);
  if (several.length > 0) return several.map((hop) => readNexthop(hop, device));
  if (row.get('dev').present || row.get('gateway').present || row.get('via').present) return [readNexthop(row, device)];
  const info = row.mapping('nh_info');
  return info.get('dev').present || info.get('gateway').present ? [readNexthop(info, device)] : [];
}

function readNexthop(hop: Field, device: DeviceReader): Nexthop {
  const flags = flagsOf(hop.get('flags'));
  const via = hop.get('via').get('family').value === 'inet' ? ipv4Of(hop.get('via').get('host')) : null;
  const gateway: Ipv4 | null = hop.get('gateway').present ? ipv4Of(hop.get('gateway')) : via;
  return {
    dev: device(hop.get('dev')),
    via: gateway,
    onlink: flags.has('onlink'),
    weight: hop.get('weight').int(1, 256) ?? 1,
    dead: flags.has('dead'),
  };
}

/** What a route may carry that changes the packet's way and has no place in {@link Route}. */
function unmodelledPart(row: Field, route: Route): string | null {
  if (
    row.get('encap').present ||
    row
      .get('nexthops')
      .items(MAX_NEXTHOPS)
      .some((hop) => hop.get('encap').present)
  ) {
    return 'a lightweight tunnel (encap) is not modelled';
  }
  const hops = [row, row.mapping('nh_info'), ...row.get('nexthops').items(MAX_NEXTHOPS)];
  if (hops.some((hop) => hop.get('via').get('family').value === 'inet6')) return 'an IPv6 next hop is not modelled';
  if (row.get('nhid').present && row.mapping('nh_info').get('group').present && !row.get('nexthops').present) {
    return `the members of nexthop group ${String(row.get('nhid').value)} are in no dump`;
  }
  if (row.get('nhid').present && route.nexthops.length === 0) return 'the dump names a nexthop object and not what it holds';
  if (
    row
      .get('metrics')
      .items(16)
      .some((entry) => entry.get('hoplimit').present)
  )
    return 'the metric hoplimit is not modelled';
  return null;
}
