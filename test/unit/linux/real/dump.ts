import type { Netns } from '../../../../src/linux/netns.ts';
import { formatIpv4 } from '../../../../src/wire/ipv4.ts';
import type { RealNetns } from './namespace.ts';

interface NexthopJson {
  gateway?: string;
  dev?: string;
  weight?: number;
  flags?: string[];
}
interface RouteJson extends NexthopJson {
  type?: string;
  dst: string;
  table?: string | number;
  protocol?: string;
  scope?: string;
  prefsrc?: string;
  metric?: number;
  tos?: string;
  nexthops?: NexthopJson[];
}
interface AddressJson {
  ifname: string;
  addr_info: {
    family: string;
    local: string;
    prefixlen: number;
    scope: string;
    broadcast?: string;
    secondary?: boolean;
    noprefixroute?: boolean;
  }[];
}
interface LinkJson {
  ifname: string;
  ifindex: number;
  mtu: number;
  address: string;
  master?: string;
  flags: string[];
}
interface RuleJson {
  priority: number;
  src: string;
  srclen?: number;
  table?: string | number;
  fwmark?: string;
  action?: string;
}

const TABLES: ReadonlyMap<string, number> = new Map([
  ['local', 255],
  ['main', 254],
  ['default', 253],
]);
const number = (table: string | number): number => (typeof table === 'number' ? table : (TABLES.get(table) ?? Number(table)));

/** The routes that the kernel holds, one line each, in its own order. */
export function realRoutes(real: RealNetns): string[] {
  return real.json<RouteJson>('-4', '-d', 'route', 'show', 'table', 'all').map((route) => {
    const ways = route.nexthops ?? (route.dev === undefined ? [] : [route]);
    const hops = ways.map(({ dev, gateway, weight, flags = [] }) =>
      hop(dev, gateway, flags.includes('onlink'), weight ?? 1, flags.includes('dead')),
    );
    const dst = route.dst === 'default' ? '0.0.0.0/0' : route.dst.includes('/') ? route.dst : `${route.dst}/32`;
    const fields = [route.metric ?? 0, route.scope ?? 'global', route.protocol ?? 'boot', route.prefsrc ?? '-', hops.join(' ')];
    return [number(route.table ?? 'main'), route.type ?? 'unicast', dst, ...fields].join(' ');
  });
}

/** The routes of a namespace of the model, in the same notation. */
export function modelRoutes(netns: Netns): string[] {
  return netns.fib.flatMap(({ id, routes }) =>
    routes.map((route) => {
      const hops = route.nexthops.map(({ dev, via, onlink, weight, dead }) =>
        hop(dev ?? undefined, via === null ? undefined : formatIpv4(via), onlink, weight, dead),
      );
      const src = route.src === null ? '-' : formatIpv4(route.src);
      const fields = [route.metric, route.scope, route.protocol, src, hops.join(' ')];
      return [id, route.type, `${formatIpv4(route.dst)}/${route.len}`, ...fields].join(' ');
    }),
  );
}

function hop(dev: string | undefined, via: string | undefined, onlink: boolean, weight: number, dead: boolean): string {
  return `[${dev ?? '-'} ${via ?? '-'}${onlink ? ' onlink' : ''} ${weight}${dead ? ' dead' : ''}]`;
}

/** The addresses that the kernel holds, in its own order; a device's label and lifetimes left out. */
export function realAddresses(real: RealNetns): string[] {
  return real
    .json<AddressJson>('-4', 'addr', 'show')
    .flatMap(({ ifname, addr_info }) =>
      addr_info.map(
        (a) => `${ifname} ${a.local}/${a.prefixlen} ${a.scope} brd ${a.broadcast ?? '-'}${a.secondary === true ? ' secondary' : ''}`,
      ),
    );
}

export function modelAddresses(netns: Netns): string[] {
  return byIfindex(netns).flatMap(({ name, addresses }) =>
    addresses.map((a) => {
      const broadcast = a.broadcast === null ? '-' : formatIpv4(a.broadcast);
      return `${name} ${formatIpv4(a.local)}/${a.len} ${a.scope} brd ${broadcast}${a.secondary ? ' secondary' : ''}`;
    }),
  );
}

/** The links that the kernel holds, with what podwalk models of them. */
export function realLinks(real: RealNetns): string[] {
  return real.json<LinkJson>('link', 'show').map(({ ifname, ifindex, mtu, master, flags }) => {
    const up = flags.includes('UP');
    return `${ifindex} ${ifname} mtu ${mtu}${up ? ' up' : ''}${up && flags.includes('LOWER_UP') ? ' carrier' : ''} master ${master ?? '-'}`;
  });
}

export function modelLinks(netns: Netns): string[] {
  return byIfindex(netns).map(
    ({ name, ifindex, mtuBytes, up, carrier, master }) =>
      `${ifindex} ${name} mtu ${mtuBytes}${up ? ' up' : ''}${up && carrier ? ' carrier' : ''} master ${master ?? '-'}`,
  );
}

function byIfindex(netns: Netns): Netns['links'] {
  return netns.links.toSorted((a, b) => a.ifindex - b.ifindex);
}

/** The policy rules that the kernel holds: priority, source, mark and what they do. */
export function realRules(real: RealNetns): string[] {
  return real.json<RuleJson>('rule', 'show').map(({ priority, src, srclen, table, fwmark, action }) => {
    const from = src === 'all' ? 'all' : `${src}/${srclen ?? 32}`;
    return `${priority} ${from} ${Number(fwmark ?? 0)} ${action ?? number(table ?? 'main')}`;
  });
}

export function modelRules(netns: Netns): string[] {
  return netns.rules.map(({ priority, from, fwmark, action }) => {
    const source = from === null ? 'all' : `${formatIpv4(from.addr)}/${from.len}`;
    return `${priority} ${source} ${fwmark?.value ?? 0} ${action.type === 'table' ? action.table : action.type}`;
  });
}
