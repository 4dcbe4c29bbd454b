import { NO_SYSCTLS, sysctlsOf } from '../../../src/linux/sysctl.ts';
import fc from 'fast-check';
import type { CtRecord } from '../../../src/linux/conntrack/record.ts';
import { DEFAULT_KERNEL_PROFILE } from '../../../src/linux/kernel-profile.ts';
import type { Address, BridgePort, Link, LinkKind } from '../../../src/linux/link.ts';
import type { FdbEntry, Neighbour, ProxyNeighbour } from '../../../src/linux/neighbour.ts';
import type { Netns } from '../../../src/linux/netns.ts';
import type { Nexthop, PolicyRule, Route, RuleAction } from '../../../src/linux/route.ts';
import type { Socket } from '../../../src/linux/socket.ts';
import { type Ipv4, ipv4 } from '../../../src/wire/ipv4.ts';
import { type Mac, mac } from '../../../src/wire/mac.ts';
import { prefixOf } from '../../../src/wire/prefix.ts';
import type { World } from '../../../src/world/world.ts';

const FORWARDING = sysctlsOf([
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv4.conf.eth0/5.rp_filter', '2'],
]);

const DEVICES = ['eth0', 'br0', 'v0', 'vx', 'azv12', 'eth0.5'] as const;

const dev = fc.constantFrom(...DEVICES);
const addr: fc.Arbitrary<Ipv4> = fc.integer({ min: 0x0100_0000, max: 0xdfff_ffff }).map((value) => ipv4(value));
const macs: fc.Arbitrary<Mac> = fc.integer({ min: 0, max: 0xffff }).map((n) => mac(`02:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`));
const port = fc.integer({ min: 1, max: 65535 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const prefix = fc.record({ addr, len: fc.integer({ min: 0, max: 32 }) }).map((p) => prefixOf(p.addr, p.len));
const portRange = fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

const address: fc.Arbitrary<Address> = fc
  .record({
    local: addr,
    len: fc.integer({ min: 1, max: 32 }),
    broadcast: maybe(addr),
    scope: fc.constantFrom('global', 'link', 'host', 'site'),
    peer: maybe(addr),
    secondary: fc.boolean(),
    noprefixroute: fc.boolean(),
  })
  .filter(({ local, peer }) => local !== peer);

const bridgePort: fc.Arbitrary<BridgePort> = fc.record({
  hairpin: fc.boolean(),
  learning: fc.boolean(),
  flood: fc.boolean(),
  bcastFlood: fc.boolean(),
  mcastFlood: fc.boolean(),
  isolated: fc.boolean(),
  guard: fc.boolean(),
  neighSuppress: fc.boolean(),
  state: fc.constantFrom('disabled', 'listening', 'learning', 'forwarding', 'blocking'),
});

const vxlan: fc.Arbitrary<LinkKind> = fc.record({
  type: fc.constant('vxlan'),
  vni: fc.integer({ min: 0, max: 0xff_ffff }),
  port,
  local: maybe(addr),
  remote: maybe(addr),
  dev: maybe(fc.constant('eth0')),
  learning: fc.boolean(),
  ttl: maybe(fc.integer({ min: 1, max: 255 })),
  tos: fc.oneof(fc.constant('inherit' as const), fc.constantFrom(0, 2, 0x10, 0xb8)),
  df: fc.constantFrom('unset', 'set', 'inherit'),
  ageingMs: fc.integer({ min: 0, max: 600 }).map((seconds) => seconds * 1000),
  srcPortMin: port,
  srcPortMax: port,
  proxy: fc.boolean(),
  unmodelled: fc.subarray(['external', 'gbp', 'localbypass'] as const).map((names) => [...names]),
});

function link(name: string, ifindex: number, kind: LinkKind): fc.Arbitrary<Link> {
  return fc.record({
    name: fc.constant(name),
    ifindex: fc.constant(ifindex),
    kind: fc.constant(kind),
    mac: macs,
    mtuBytes: fc.integer({ min: 68, max: 65535 }),
    up: fc.boolean(),
    carrier: fc.boolean(),
    promisc: fc.boolean(),
    noarp: fc.boolean(),
    multicast: fc.boolean(),
    addresses: fc.array(address, { maxLength: 3 }),
    master: fc.constant(null),
    port: fc.constant(null),
  });
}

const links: fc.Arbitrary<Link[]> = fc
  .record({
    vxlanKind: vxlan,
    port: bridgePort,
    stp: fc.boolean(),
    callsIptables: fc.boolean(),
    ageingMs: fc.integer({ min: 0, max: 1000 }).map((n) => n * 10),
  })
  .chain(({ vxlanKind, port: options, stp, callsIptables, ageingMs }) =>
    fc
      .tuple(
        link('eth0', 2, { type: 'end', wire: null, nic: null }),
        link('br0', 3, { type: 'bridge', vlanFiltering: false, stp, ageingMs, ...(callsIptables ? { nfCallIptables: true } : {}) }),
        link('v0', 4, { type: 'veth', wire: 'm/n/v0 = m/pod/eth0' }),
        link('vx', 5, vxlanKind),
        link('azv12', 6, { type: 'unknown', driver: 'ipvlan' }),
        link('eth0.5', 7, { type: 'vlan', id: 5, lower: 'eth0' }),
      )
      .map(([eth0, br0, v0, vx, other, vlan]) => [
        eth0,
        br0,
        { ...v0, master: 'br0', port: options },
        vx,
        { ...other, mac: mac('00:00:00:00:00:00') },
        vlan,
      ]),
  );

const nexthop: fc.Arbitrary<Nexthop> = fc.record({
  dev: dev,
  via: maybe(addr),
  onlink: fc.boolean(),
  weight: fc.integer({ min: 1, max: 256 }),
  dead: fc.boolean(),
});

const route: fc.Arbitrary<Route> = fc
  .record({
    type: fc.constantFrom('unicast', 'local', 'broadcast', 'blackhole', 'throw'),
    prefix,
    tos: fc.constantFrom(0, 0x10),
    metric: uint32,
    scope: fc.constantFrom('global', 'site', 'link', 'host', 'nowhere'),
    protocol: fc.constantFrom('kernel', 'boot', 'static', 'bird', '80'),
    src: maybe(addr),
    nexthops: fc.array(nexthop, { maxLength: 3 }),
    mtuBytes: maybe(fc.integer({ min: 68, max: 9000 })),
    locked: fc.boolean(),
    advmss: maybe(fc.integer({ min: 1, max: 9000 })),
  })
  .map(({ prefix: { addr: dst, len }, locked, ...rest }) => ({
    ...rest,
    dst,
    len,
    mtuLocked: locked && rest.mtuBytes !== null,
    origin: null,
  }));

const action: fc.Arbitrary<RuleAction> = fc.oneof(
  fc.record({ type: fc.constant('table' as const), table: fc.constantFrom(253, 254, 255, 1, 1000) }),
  fc.record({ type: fc.constant('goto' as const), priority: fc.constant(32766) }),
  fc.record({ type: fc.constantFrom('nop', 'blackhole', 'unreachable', 'prohibit') }),
);

const rule: fc.Arbitrary<PolicyRule> = fc.record({
  priority: fc.integer({ min: 0, max: 40_000 }),
  not: fc.boolean(),
  from: maybe(prefix),
  to: maybe(prefix),
  iif: maybe(dev),
  oif: maybe(dev),
  fwmark: maybe(fc.record({ value: uint32, mask: fc.oneof(uint32, fc.constant(0xffff_ffff)) })),
  tos: fc.constantFrom(0, 0x10),
  ipproto: maybe(fc.constantFrom(1, 6, 17, 99)),
  sport: maybe(portRange),
  dport: maybe(portRange),
  uidrange: maybe(portRange),
  suppressPrefixlength: maybe(fc.integer({ min: 0, max: 32 })),
  suppressIfgroup: maybe(fc.integer({ min: 0, max: 10 })),
  action,
  protocol: fc.constantFrom('kernel', 'boot', 'static'),
});

const neighbour: fc.Arbitrary<Neighbour> = fc.record({
  ip: addr,
  mac: maybe(macs),
  dev,
  state: fc.constantFrom('permanent', 'noarp', 'reachable', 'stale', 'delay', 'probe', 'incomplete', 'failed'),
  origin: fc.constant(null),
});

const proxy: fc.Arbitrary<ProxyNeighbour> = fc.record({ ip: addr, dev });

const fdbEntry: fc.Arbitrary<FdbEntry> = fc
  .record({
    mac: macs,
    place: fc.constantFrom({ dev: 'v0', master: 'br0' }, { dev: 'vx', master: null }),
    state: fc.constantFrom('permanent' as const, 'static' as const, 'learned' as const),
    dst: maybe(addr),
    vni: maybe(port),
    port: maybe(port),
    externLearn: fc.boolean(),
    sticky: fc.boolean(),
  })
  .map(({ place, sticky, ...entry }) => ({ ...entry, ...place, ...(sticky ? { sticky } : {}) }));

function sockets(vxlanPort: number): fc.Arbitrary<Socket[]> {
  const socket = fc.record({
    proto: fc.constantFrom('tcp' as const, 'udp' as const),
    addr: maybe(addr),
    port,
    dev: maybe(dev),
    peer: maybe(fc.record({ addr, port })),
    owner: maybe(fc.constantFrom('sshd', 'kubelet')),
  });
  return fc.array(
    socket.map((s) => ({ ...s, answers: s.proto === 'tcp' || s.port !== vxlanPort })),
    { maxLength: 4 },
  );
}

const tuple = fc.record({ src: addr, dst: addr, sport: port, dport: port });

export const connection: fc.Arbitrary<CtRecord> = fc
  .record({
    proto: fc.constantFrom(1, 6, 17),
    orig: tuple,
    reply: tuple,
    seenReply: fc.boolean(),
    assured: fc.boolean(),
    mark: uint32,
    timeoutSeconds: fc.integer({ min: 0, max: 432_000 }),
  })
  .map((record) => {
    if (record.proto !== 1) return { ...record, icmpType: null, tcpState: record.proto === 6 ? 'ESTABLISHED' : null };
    const echo = <T extends { sport: number }>(t: T): T & { dport: number } => ({ ...t, dport: t.sport });
    return { ...record, orig: echo(record.orig), reply: echo(record.reply), icmpType: 8, tcpState: null };
  });

/** A namespace with something of everything that dumps can say, apart from rules and sets of netfilter. */
const netns: fc.Arbitrary<Netns> = links.chain((devices) => {
  const vx = devices.find(({ kind }) => kind.type === 'vxlan')?.kind;
  return fc
    .record({
      routes: fc.array(route, { maxLength: 6 }),
      more: fc.array(route, { minLength: 1, maxLength: 3 }),
      rules: fc.uniqueArray(rule, { maxLength: 5, selector: ({ priority }) => priority }),
      neighbours: fc.array(neighbour, { maxLength: 4 }),
      proxyNeighbours: fc.array(proxy, { maxLength: 2 }),
      fdb: fc.array(fdbEntry, { maxLength: 4 }),
      forward: fc.boolean(),
      sockets: sockets(vx?.type === 'vxlan' ? vx.port : 0),
    })
    .map(({ routes, more, rules, forward, ...rest }) => ({
      ...rest,
      name: 'n',
      links: inLendingOrder(devices),
      fib: [...(routes.length > 0 ? [{ id: 254, routes }] : []), { id: 1000, routes: more }],
      rules: rules.sort((a, b) => a.priority - b.priority),
      sysctls: forward ? FORWARDING : NO_SYSCTLS,
      iptables: {},
      iptablesLegacy: null,
      ipsets: [],
      ebtables: null,
      unmodelled: [],
    }));
});

/** Device order shows only in whose address is borrowed: the last that lends one of its own stands first. */
function inLendingOrder(devices: Link[]): Link[] {
  const lent = (device: Link) => device.addresses.find(({ scope, secondary }) => scope === 'global' && !secondary)?.local;
  const lends = (device: Link): boolean => lent(device) !== undefined;
  const borrower = devices.some(({ addresses }) => addresses.length === 0);
  const lender = devices.findLast((device, i) => lends(device) && !devices.slice(0, i).some((other) => lent(other) === lent(device)));
  if (lender === undefined || !borrower) return devices;
  const first = devices.findIndex(lends);
  return devices.filter((device) => device !== lender).toSpliced(first, 0, lender);
}

function pod(): Netns {
  const eth0: Link = {
    name: 'eth0',
    ifindex: 2,
    kind: { type: 'veth', wire: 'm/n/v0 = m/pod/eth0' },
    mac: mac('02:00:00:00:00:01'),
    mtuBytes: 1500,
    up: true,
    carrier: true,
    promisc: false,
    noarp: false,
    multicast: true,
    addresses: [],
    master: null,
    port: null,
  };
  return {
    name: 'pod',
    links: [eth0],
    fib: [],
    rules: [],
    neighbours: [],
    proxyNeighbours: [],
    fdb: [],
    sysctls: NO_SYSCTLS,
    iptables: {},
    iptablesLegacy: null,
    ipsets: [],
    ebtables: null,
    sockets: [],
    unmodelled: [],
  };
}

/** A machine `m` with a namespace `n` full of everything and a pod behind its bridge. */
export const world: fc.Arbitrary<World> = netns.map((n) => ({
  machines: {
    m: { name: 'm', kind: 'node', kernel: DEFAULT_KERNEL_PROFILE, release: '5.15.0-1041-azure', netns: { n, pod: pod() } },
  },
  fabric: null,
  cluster: null,
}));
