import { ANY, formatIpv4, type Ipv4, LOOPBACK } from '../../wire/ipv4.ts';
import { isGroupMac, type Mac, ZERO_MAC } from '../../wire/mac.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { UDP } from '../../wire/proto.ts';
import type { Device } from '../device.ts';
import type { OutputRoute } from '../fib/route-result.ts';
import type { LinkKind } from '../link.ts';
import type { FdbEntry } from '../neighbour.ts';
import { CT_NONE, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { ecnDecapsulate, ecnEncapsulate } from './ecn.ts';
import { isBound } from './exceptions.ts';
import { fdbOf, fdbRows } from './fdb.ts';
import { flowHash, lastingHash } from './flow-hash.ts';
import { ipLocalOut } from './ip-output.ts';
import { forkSkb, note, through } from './record.ts';
import { routeSend } from './route.ts';
import { checkTunnelMtu } from './tunnel-mtu.ts';

type VxlanKind = Extract<LinkKind, { type: 'vxlan' }>;

/** Outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14. */
const OVERHEAD_BYTES = 50;
/**
 * How deep sending may go before a tunnel gives up: a device that sends by others is one step, the tunnel's own sending another.
 * @source include/net/ip_tunnels.h IP_TUNNEL_RECURSION_LIMIT, net/ipv4/ip_tunnel_core.c iptunnel_xmit
 */
const RECURSION_LIMIT = 5;

/** A frame enters the tunnel. @source drivers/net/vxlan/vxlan_core.c vxlan_xmit */
export function vxlanTransmit(stack: Stack, device: Device, skb: Skb): void {
  const { kind } = device.link;
  if (kind.type !== 'vxlan') throw new InvariantError(`${device.name} is no tunnel`);
  if (kind.unmodelled.length > 0) {
    stack.effects.unknown(stack, skb, 'VXLAN_OPTION', `${device.name}: ${kind.unmodelled.join(', ')} is not modelled`);
    return;
  }
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.missing('fdb') ?? stack.gaps.inFdb())) return;
  if (kind.proxy && skb.arp !== null) {
    stack.effects.unknown(stack, skb, 'VXLAN_OPTION', `${device.name} answers ARP itself (proxy), which is not modelled`);
    return;
  }
  const [first, ...others] = destinations(stack, device, kind, skb.dmac);
  if (first === undefined) {
    stack.effects.dropped(stack, skb, 'NO_TX_TARGET', `${device.name} knows no VTEP for ${skb.dmac}`);
    return;
  }
  // The first of them gets the packet itself, after all others got their copies.
  const copies = others.map(() => forkSkb(stack, skb));
  others.forEach((remote, i) => {
    const copy = copies[i];
    if (copy !== undefined) encapsulate(stack, device, kind, copy, remote);
  });
  encapsulate(stack, device, kind, skb, first);
}

interface Remote {
  readonly addr: Ipv4;
  readonly vni: number;
  readonly port: number;
  /** The device the outer packet must leave by. Only the far end that the link itself names has one. */
  readonly dev: string | null;
}

function destinations(stack: Stack, device: Device, kind: VxlanKind, dmac: Mac): Remote[] {
  const exact = isGroupMac(dmac) ? [] : entriesFor(stack, device, kind, dmac);
  if (exact.length > 0) return exact;
  const flood = entriesFor(stack, device, kind, ZERO_MAC);
  if (flood.length > 0) return flood;
  return kind.remote !== null && kind.remote !== ANY ? [{ addr: kind.remote, vni: kind.vni, port: kind.port, dev: kind.dev }] : [];
}

function entriesFor(stack: Stack, device: Device, kind: VxlanKind, address: Mac): Remote[] {
  const rows = fdbRows(stack, device, address).filter((e) => e.dst !== null && lasts(stack, kind, e));
  const seen = stack.session.fdb.get(device.name)?.get(address);
  // What frames taught since counts more than what they had taught before.
  if (seen !== undefined && seen.vtep !== null && !isOld(stack, kind, seen.atMs) && rows.every(({ state }) => state === 'learned'))
    return [{ addr: seen.vtep, vni: rows[0]?.vni ?? kind.vni, port: rows[0]?.port ?? kind.port, dev: null }];
  return rows.flatMap((e) =>
    e.dst === null ? [] : [{ addr: e.dst, vni: e.vni ?? kind.vni, port: e.port ?? kind.port, dev: isOwn(kind, e) ? kind.dev : null }],
  );
}

/** Whether an entry of the tables is still there. What was learned then counts as seen at the session's start. */
function lasts(stack: Stack, kind: VxlanKind, { state, externLearn }: FdbEntry): boolean {
  return state !== 'learned' || externLearn || (!stack.session.cold && !isOld(stack, kind, 0));
}

/** @source drivers/net/vxlan/vxlan_core.c vxlan_cleanup */
function isOld({ effects }: Stack, { ageingMs }: VxlanKind, seenAtMs: number): boolean {
  return ageingMs > 0 && effects.nowMs - seenAtMs >= ageingMs;
}

/** The entry that the kernel makes for the far end that the link names. @source drivers/net/vxlan/vxlan_core.c vxlan_fdb_create_default */
function isOwn(kind: VxlanKind, { mac, dst }: FdbEntry): boolean {
  return mac === ZERO_MAC && dst === kind.remote;
}

/** @source drivers/net/vxlan/vxlan_core.c vxlan_xmit_one */
function encapsulate(stack: Stack, device: Device, kind: VxlanKind, skb: Skb, remote: Remote): void {
  const { effects } = stack;
  const outer = new Skb();
  outer.proto = UDP;
  outer.src = kind.local ?? ANY;
  outer.dst = remote.addr;
  outer.sport = sourcePort(stack, kind, skb);
  outer.flowHash = lastingHash(skb);
  outer.checksumPending = true;
  outer.checksumInside = skb.checksumPending;
  // The headers are written before it, unless somebody else has them. @source include/linux/skbuff.h skb_cow_head
  outer.data = skb.isCopy || effects.hasCopies(skb) ? null : skb.data;
  outer.dport = remote.port;
  outer.ttl = kind.ttl ?? stack.netns.sysctl.ipDefaultTtl;
  outer.tos = kind.tos === 'inherit' ? skb.tos : kind.tos;
  outer.df = kind.df === 'set' || (kind.df === 'inherit' && skb.df);
  outer.mark = skb.mark;
  outer.lengthBytes = skb.lengthBytes + OVERHEAD_BYTES;
  outer.boundDev = remote.dev;
  outer.cameBy = device;
  outer.local = true;
  outer.byKernel = true;
  outer.sender = skb.local ? skb.sender : 'none';
  outer.inner = skb;
  outer.vni = remote.vni;
  outer.trailing = skb.trailing;
  outer.role = skb.role;
  outer.isCopy = skb.isCopy;
  outer.leg = skb.leg;
  outer.hop = skb.hop;
  if (skb.arp !== null) effects.arpShown(skb);
  const route = wayTo(stack, device, outer);
  // The look-up is bound to the underlay's device; the tunnel's socket is not, nor what routes the packet again after OUTPUT.
  outer.boundDev = null;
  if (route.kind === 'unknown') {
    effects.unknown(stack, skb, route.reason, route.text);
    return;
  }
  if (route.kind === 'error') {
    lose(stack, skb, 'IP_OUTNOROUTES', `${device.name}: no route to VTEP ${formatIpv4(remote.addr)}`);
    return;
  }
  outer.tos = ecnEncapsulate(outer.tos, skb.tos);
  if (route.kind === 'local') {
    bypass(stack, skb, remote);
    return;
  }
  if (route.device === device) {
    lose(stack, skb, 'RECURSION_LIMIT', `tunnel recursion: the route to VTEP ${formatIpv4(remote.addr)} leads into ${device.name}`);
    return;
  }
  const error = checkTunnelMtu(stack, device, skb, route.mtuBytes - OVERHEAD_BYTES);
  if (error !== null) {
    lose(stack, skb, 'PKT_TOO_BIG', `${device.name}: ${skb.lengthBytes} bytes are more than the way to its VTEP takes`);
    effects.loop(stack, device, error, 'bypassed');
    return;
  }
  if (effects.recursion > RECURSION_LIMIT) {
    lose(stack, skb, 'RECURSION_LIMIT', `tunnel recursion: ${device.name} sends into itself`);
    return;
  }
  skb.ct = null;
  skb.ctInfo = CT_NONE;
  skb.sending = false;
  note(stack, skb, {
    stage: 'vxlan',
    verb: 'ENCAPSULATED',
    text: `${device.name}: VNI ${remote.vni} to VTEP ${formatIpv4(remote.addr)}`,
  });
  effects.atOnce(() => {
    ipLocalOut(stack, outer, route);
  });
}

/**
 * The way to a far end. Without mark and TOS it is looked up once, which counts where to look again might find another one.
 * @source include/net/dst_cache.h, net/ipv4/udp_tunnel_core.c udp_tunnel_dst_lookup
 */
function wayTo(stack: Stack, device: Device, outer: Skb): OutputRoute {
  const { fib } = stack.netns;
  if (!fib.severalDefaults || outer.mark !== 0 || outer.tos !== 0) return routeSend(stack, outer);
  const { tunnelWays } = stack.session;
  const name = `${device.name} ${outer.dst} ${outer.inner?.dmac ?? ''}`;
  const kept = tunnelWays.get(name);
  if (kept?.fib === fib && !isBound(stack, outer.dst, kept.via)) {
    outer.src = kept.src;
    return kept.via;
  }
  const route = routeSend(stack, outer);
  if (route.kind !== 'error' && route.kind !== 'unknown') tunnelWays.set(name, { fib, src: outer.src, via: route });
  return route;
}

/** It never left, where other copies of it may have. */
function lose(stack: Stack, skb: Skb, reason: string, text: string): void {
  if (skb.leg !== null) skb.leg.foreign = true;
  stack.effects.dropped(stack, skb, reason, text);
}

/**
 * The far end is this host: the frame comes in again without a tunnel around it, as one for this host, with its connection and its route.
 * Whoever else listens on the port gets nothing.
 * @source drivers/net/vxlan/vxlan_core.c encap_bypass_if_local, vxlan_find_sock, vxlan_encap_bypass
 */
function bypass(stack: Stack, skb: Skb, { vni, port, dev }: Remote): void {
  const { effects } = stack;
  // It looks for a socket that is bound to the device by which the tunnel leaves, and none is.
  const target = dev === null ? deviceOf(stack, vni, port) : undefined;
  if (target?.link.kind.type !== 'vxlan') {
    const bound = dev === null ? '' : ` bound to ${dev}`;
    effects.dropped(
      stack,
      skb,
      'VXLAN_VNI_NOT_FOUND',
      `the VTEP is this host, and no vxlan device here has VNI ${vni} on udp/${port}${bound}`,
    );
    return;
  }
  if (target.link.kind.learning) snoop(stack, target, skb.smac, LOOPBACK);
  note(stack, skb, {
    stage: 'vxlan',
    verb: 'DECAPSULATED',
    text: `${target.name}: the VTEP is this host, so nothing is put around the frame`,
  });
  through(skb, target.name);
  effects.loop(stack, target, skb, 'bypassed');
}

/** @source include/net/udp.h udp_flow_src_port */
function sourcePort(stack: Stack, { srcPortMin, srcPortMax }: VxlanKind, skb: Skb): number {
  const hash = flowHash(skb);
  const { sysctl } = stack.netns;
  const isGiven = srcPortMin < srcPortMax;
  const low = isGiven ? srcPortMin : sysctl.localPortMin;
  const high = isGiven ? srcPortMax : sysctl.localPortMax;
  return stack.effects.tunnelPort(stack, skb, hash, { low, high }) ?? low + (hash.value % Math.max(1, high - low));
}

/** The vxlan device whose UDP socket listens on a port. */
export function vxlanOnPort(stack: Stack, port: number): boolean {
  return stack.vxlanPorts.has(port);
}

const tunnels = new WeakMap<readonly Device[], ReadonlyMap<string, Device>>();

/** @source drivers/net/vxlan/vxlan_core.c vxlan_find_vni */
function deviceOf({ netns: { devices } }: Stack, vni: number, port: number): Device | undefined {
  let known = tunnels.get(devices);
  if (known === undefined) {
    const up = devices.filter((device) => device.up).reverse();
    known = new Map(up.flatMap((each) => (each.link.kind.type === 'vxlan' ? [[tunnelName(each.link.kind), each] as const] : [])));
    tunnels.set(devices, known);
  }
  return known.get(tunnelName({ vni, port }));
}

function tunnelName({ vni, port }: Pick<VxlanKind, 'vni' | 'port'>): string {
  return `${port} ${vni}`;
}

/** A tunnel packet reached its VTEP. @source drivers/net/vxlan/vxlan_core.c vxlan_rcv */
export function vxlanRcv(stack: Stack, outer: Skb): void {
  const { inner } = outer;
  const { effects } = stack;
  const device = deviceOf(stack, outer.vni, outer.dport);
  if (inner === null || device?.link.kind.type !== 'vxlan') {
    effects.dropped(stack, outer, 'VXLAN_VNI_NOT_FOUND', `no vxlan device has VNI ${outer.vni}`);
    return;
  }
  const frame = inner;
  frame.hasTunnelRoom = true;
  frame.leg = outer.leg;
  frame.hop = outer.hop;
  frame.data = outer.data;
  frame.mark = outer.mark;
  frame.flowHash = lastingHash(outer);
  if (frame.smac === device.link.mac) {
    effects.dropped(stack, frame, 'LOCAL_MAC', `${device.name} receives its own frame`);
    return;
  }
  if (device.link.kind.learning && !snoop(stack, device, frame.smac, outer.src)) {
    effects.dropped(stack, frame, 'VXLAN_ENTRY_EXISTS', `${frame.smac} has a static entry of ${device.name} behind another VTEP`);
    return;
  }
  const tos = frame.arp === null ? ecnDecapsulate(outer.tos, frame.tos) : frame.tos;
  if (tos === null) {
    effects.dropped(stack, frame, 'IP_TUNNEL_ECN', `${device.name}: the way was congested (CE), which the packet inside cannot be told`);
    return;
  }
  frame.tos = tos;
  note(stack, frame, {
    stage: 'vxlan',
    verb: 'DECAPSULATED',
    text: `${device.name}: from VTEP ${formatIpv4(outer.src)}, VNI ${outer.vni}`,
  });
  through(frame, device.name);
  frame.ct = null;
  frame.ctInfo = CT_NONE;
  effects.loop(stack, device, frame, 'decapsulated');
}

/** @source drivers/net/vxlan/vxlan_core.c vxlan_snoop */
function snoop(stack: Stack, device: Device, address: Mac, vtep: Ipv4): boolean {
  const fixed = fdbRows(stack, device, address).find((e) => e.dst !== null);
  if (fixed !== undefined && fixed.state !== 'learned') return fixed.dst === vtep;
  fdbOf(stack, device).set(address, { port: null, vtep, atMs: stack.effects.nowMs });
  return true;
}
