import type { NexthopSpec, RouteSelector, RouteSpec } from '../../linux/ops/routes.ts';
import { type RouteScope, type RouteType, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from '../../linux/route.ts';
import { type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';
import { DEFAULT_ROUTE, parseCidr } from '../../wire/prefix.ts';
import { TextError, Words } from './words.ts';

const TYPES: readonly RouteType[] = ['unicast', 'local', 'broadcast', 'blackhole', 'unreachable', 'prohibit', 'throw'];
const SCOPES: readonly RouteScope[] = ['global', 'site', 'link', 'host', 'nowhere'];
const TABLES: ReadonlyMap<string, number> = new Map([
  ['main', TABLE_MAIN],
  ['local', TABLE_LOCAL],
  ['default', TABLE_DEFAULT],
]);
const OPTIONS = 'via, dev, src, metric, table, proto, scope, tos, mtu, advmss, onlink or nexthop';

/** A routing table by name or number. */
export function parseTable(word: string): number | null {
  const number = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  return TABLES.get(word) ?? (number > 0 && number <= 0xffff_ffff ? number : null);
}

type Growing<T> = { -readonly [Key in keyof T]: T[Key] };

/** A route as `ip route add` takes it: `10.1.0.0/16 via 10.224.0.4 dev eth0 metric 100`. @throws TextError */
export function parseRoute(text: string): RouteSpec {
  const words = new Words(text);
  const type = TYPES.find((one) => one === words.peek());
  if (type !== undefined) words.take('');
  const { addr, len } = words.as(
    (word) => (word === 'default' ? DEFAULT_ROUTE : parseCidr(word)),
    'a destination such as 10.1.0.0/16 or default',
  );
  const route: Growing<RouteSpec> = { dst: addr, len, ...(type === undefined ? {} : { type }) };
  const nexthops: NexthopSpec[] = [];
  while (!words.done) option(words, route, nexthops);
  return nexthops.length === 0 ? route : { ...route, nexthops };
}

/** Which route `ip route del` takes. @throws TextError */
export function parseRouteSelector(text: string): RouteSelector {
  const { via, dev, src, dst, len, table, type, tos, metric, scope, protocol } = parseRoute(text);
  const given = { via: via ?? undefined, dev: dev ?? undefined, src: src ?? undefined, table, type, tos, metric, scope, protocol };
  return { dst, len, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

function option(words: Words, route: Growing<RouteSpec>, nexthops: NexthopSpec[]): void {
  const word = words.take(OPTIONS);
  switch (word) {
    case 'via':
      route.via = gateway(words);
      return;
    case 'dev':
      route.dev = words.take('a device');
      return;
    case 'onlink':
      route.onlink = true;
      return;
    case 'src':
      route.src = words.as(parseIpv4, 'an IPv4 address');
      return;
    case 'metric':
    case 'preference':
      route.metric = words.number('a metric');
      return;
    case 'table':
      route.table = words.as(parseTable, 'a table: main, local, default or a number');
      return;
    case 'proto':
    case 'protocol':
      route.protocol = words.take('a protocol such as static');
      return;
    case 'scope':
      route.scope = words.as((text) => SCOPES.find((scope) => scope === text) ?? null, `one of ${SCOPES.join(', ')}`);
      return;
    case 'tos':
    case 'dsfield':
      route.tos = words.number('a number');
      return;
    case 'mtu':
      if (words.peek() === 'lock') route.mtuLocked = words.take('') === 'lock';
      route.mtuBytes = words.number('an MTU in bytes');
      return;
    case 'advmss':
      route.advmss = words.number('an MSS in bytes');
      return;
    case 'nexthop':
      nexthops.push(nexthop(words));
      return;
    default:
      throw new TextError(`"${word}" is not modelled`, OPTIONS);
  }
}

function gateway(words: Words): Ipv4 {
  if (words.peek() === 'inet') words.take('');
  return words.as(parseIpv4, 'an IPv4 address');
}

function nexthop(words: Words): NexthopSpec {
  const way: Growing<NexthopSpec> = {};
  for (;;) {
    switch (words.peek()) {
      case 'via':
        words.take('');
        way.via = gateway(words);
        break;
      case 'dev':
        words.take('');
        way.dev = words.take('a device');
        break;
      case 'weight':
        words.take('');
        way.weight = words.number('a weight');
        break;
      case 'onlink':
        words.take('');
        way.onlink = true;
        break;
      default:
        return way;
    }
  }
}
