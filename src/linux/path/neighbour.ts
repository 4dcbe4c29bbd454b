import { formatIpv4, type Ipv4, isMulticast } from '../../wire/ipv4.ts';
import { BROADCAST_MAC, mac, type Mac, NO_MAC, ZERO_MAC } from '../../wire/mac.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import { inetDevAddrType } from '../fib/addr-type.ts';
import { type LearnedNeighbour, neighbourKey } from '../netns-session.ts';
import { agedState } from '../neighbour-age.ts';
import type { Neighbour } from '../neighbour.ts';
import { neighbourAt } from '../neighbours-by-address.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { arpSolicit } from './arp.ts';
import { isBlind } from './blind.ts';
import { deviceTransmit } from './device.ts';
import { hostUnreachable } from './icmp.ts';
import { note } from './record.ts';

/** An entry that the tables fix: packets never change it. */
export function fixedNeighbour(netns: CompiledNetns, device: Device, nexthop: Ipv4): Neighbour | null {
  const entry = neighbourAt(netns.tables.neighbours, device.name, nexthop);
  return entry !== null && (entry.state === 'permanent' || entry.state === 'noarp') ? entry : null;
}

/** What packets of this session taught. */
function taught(stack: Stack, device: Device, ip: Ipv4): LearnedNeighbour | null {
  return stack.session.neighbours.get(device.name)?.get(ip) ?? null;
}

/** The learned entry, seeded from what the tables said when the session began. */
export function learned(stack: Stack, device: Device, ip: Ipv4): LearnedNeighbour | null {
  const known = taught(stack, device, ip);
  if (known !== null) return known;
  const base = neighbourAt(stack.netns.tables.neighbours, device.name, ip);
  if (base === null || stack.session.cold) return null;
  switch (base.state) {
    case 'reachable':
    case 'stale':
    case 'delay':
    case 'probe':
      return base.mac === null ? null : neighCreate(stack, device, ip, { mac: base.mac, state: base.state });
    case 'failed':
      return neighCreate(stack, device, ip, { mac: null, state: 'failed' });
    case 'permanent':
    case 'noarp':
    case 'incomplete':
      return null;
  }
}

/**
 * A new entry, which knows nothing yet.
 * @param known what it knew before the session, where it is of the tables
 * @source net/core/neighbour.c __neigh_create
 */
export function neighCreate(
  stack: Stack,
  device: Device,
  ip: Ipv4,
  known: Pick<LearnedNeighbour, 'mac' | 'state'> | null = null,
): LearnedNeighbour {
  const { nowMs } = stack.effects;
  const { mac, state } = known ?? NOTHING;
  const updatedMs = known === null ? nowMs : null;
  const entry: LearnedNeighbour = { ip, mac, state, sinceMs: nowMs, updatedMs, probes: 0, queue: [], used: false };
  let byAddress = stack.session.neighbours.get(device.name);
  if (byAddress === undefined) stack.session.neighbours.set(device.name, (byAddress = new Map<Ipv4, LearnedNeighbour>()));
  byAddress.set(ip, entry);
  return entry;
}

const NOTHING = { mac: null, state: 'incomplete' } as const;

/** The Ethernet address of a next hop that needs no ARP; null where ARP must tell. @source net/ipv4/arp.c arp_constructor */
function withoutArp(stack: Stack, device: Device, nexthop: Ipv4): Mac | null {
  if (device.isLoopback) return ZERO_MAC;
  const entry = fixedNeighbour(stack.netns, device, nexthop);
  if (entry !== null) return entry.mac ?? ZERO_MAC;
  // What an address is says how an entry begins; there is one already.
  if (learned(stack, device, nexthop) !== null) return null;
  if (isMulticast(nexthop)) return multicastMac(nexthop);
  if (device.noarp) return device.mac;
  // Of whichever device that is the broadcast address.
  return inetDevAddrType(stack.netns, nexthop, null) === 'broadcast' ? BROADCAST_MAC : null;
}

function multicastMac(group: Ipv4): Mac {
  const hex = (n: number): string => n.toString(16).padStart(2, '0');
  return mac(`01:00:5e:${hex((group >>> 16) & 127)}:${hex((group >>> 8) & 255)}:${hex(group & 255)}`);
}

/** Whether bridged DNAT may skip the neighbour code: resolved, fresh and used before. @source br_nf_pre_routing_finish_bridge */
export function connectedMac(stack: Stack, device: Device, nexthop: Ipv4): Mac | null {
  const now = withoutArp(stack, device, nexthop);
  if (now !== null) return stack.session.usedNeighbours.has(neighbourKey(device.name, nexthop)) ? now : null;
  const entry = learned(stack, device, nexthop);
  if (entry === null || !entry.used) return null;
  refresh(stack, device, entry);
  return entry.state === 'reachable' ? entry.mac : null;
}

/** Makes of an entry what the clock has made of it. */
function refresh(stack: Stack, device: Device, entry: LearnedNeighbour): void {
  const { nowMs } = stack.effects;
  const state = agedState(entry.state, entry.sinceMs, device.sysctl.neigh, nowMs);
  if (state === entry.state) return;
  entry.state = state;
  if (state !== 'probe') {
    entry.updatedMs = entry.sinceMs + device.sysctl.neigh.baseReachableTimeMs;
    return;
  }
  entry.used = false;
  entry.probes = 0;
  entry.sinceMs = nowMs;
  entry.updatedMs = nowMs;
}

/** Gives a packet the next hop's Ethernet address and sends it, or lets it wait for ARP. @source net/core/neighbour.c neigh_resolve_output */
export function neighOutput(stack: Stack, device: Device, nexthop: Ipv4, skb: Skb): void {
  let entry = taught(stack, device, nexthop);
  if (entry === null) {
    const known = withoutArp(stack, device, nexthop);
    if (known !== null) {
      if (device.type === 'bridge') stack.session.usedNeighbours.add(neighbourKey(device.name, nexthop));
      sendTo(stack, device, skb, known, nexthop, device.isLoopback ? null : 'permanent');
      return;
    }
    entry = learned(stack, device, nexthop);
    if (entry === null && stack.gaps !== null && isBlind(stack, skb, stack.gaps.missing('neigh'))) return;
  }
  if (device.type === 'end' && leadsOut(device)) {
    const known = entry?.mac ?? null;
    sendTo(stack, device, skb, known ?? NO_MAC, nexthop, entry === null || known === null ? 'assumed' : entry.state);
    return;
  }
  if (entry !== null) {
    refresh(stack, device, entry);
    if (entry.mac !== null && entry.state !== 'failed' && entry.state !== 'incomplete' && (entry.state !== 'probe' || entry.used)) {
      if (entry.state === 'stale') enter(stack, entry, 'delay');
      entry.used = true;
      sendTo(stack, device, skb, entry.mac, nexthop, entry.state);
      return;
    }
    if (entry.state === 'incomplete' || (entry.state === 'probe' && entry.probes > 0)) {
      if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.sysctl('arp-queue'))) return;
      wait(entry, skb);
      return;
    }
  }
  entry ??= neighCreate(stack, device, nexthop);
  if (entry.state === 'probe' && stack.gaps !== null && isBlind(stack, skb, stack.gaps.sysctl('arp-again'))) return;
  if (entry.state !== 'probe' && asksNobody(device)) {
    enter(stack, entry, 'failed');
    stack.effects.dropped(stack, skb, 'NEIGH_FAILED', `${device.name} asks nobody for ${formatIpv4(nexthop)} (mcast_solicit is 0)`);
    return;
  }
  // An entry that was only announced (`probe`) is asked for by unicast before its first use.
  if (entry.state !== 'probe') entry.state = 'incomplete';
  entry.probes = 0;
  wait(entry, skb);
  solicit(stack, device, entry, skb);
}

/**
 * Asks for a neighbour for whom no packet waits.
 * @returns whether its Ethernet address is known already
 * @source net/core/neighbour.c neigh_event_send
 */
export function awaitNeighbour(stack: Stack, device: Device, ip: Ipv4): boolean {
  if (withoutArp(stack, device, ip) !== null) return true;
  const entry = learned(stack, device, ip) ?? neighCreate(stack, device, ip);
  if (entry.mac !== null && entry.state !== 'incomplete' && entry.state !== 'failed') return true;
  if (entry.state === 'incomplete' && entry.probes > 0) return false;
  if (asksNobody(device)) {
    enter(stack, entry, 'failed');
    return false;
  }
  entry.state = 'incomplete';
  entry.probes = 0;
  solicit(stack, device, entry, null);
  return false;
}

function leadsOut(device: Device): boolean {
  const { kind } = device.link;
  return kind.type === 'end' && kind.wire === null && kind.nic === null;
}

function wait(entry: LearnedNeighbour, skb: Skb): void {
  skb.sending = false;
  if (skb.sender === 'kernel') skb.sender = 'given-back';
  entry.queue.push(skb);
}

function sendTo(stack: Stack, device: Device, skb: Skb, dmac: Mac, nexthop: Ipv4, state: string | null): void {
  skb.smac = device.mac;
  skb.dmac = dmac;
  // Apart, because what closures hold on to is allocated wherever they stand, made or not.
  if (state !== null && stack.effects.recorder !== null) noteResolved(stack, device, skb, dmac, nexthop, state);
  deviceTransmit(stack, device, skb);
}

function noteResolved(stack: Stack, device: Device, skb: Skb, dmac: Mac, nexthop: Ipv4, state: string): void {
  note(stack, skb, {
    stage: 'neighbour',
    verb: 'RESOLVED',
    text: () =>
      state === 'assumed'
        ? `${formatIpv4(nexthop)} dev ${device.name} is assumed to answer: no machine is at the other end`
        : `${formatIpv4(nexthop)} dev ${device.name} is at ${dmac}`,
    neigh: () => ({ ip: formatIpv4(nexthop), mac: dmac === NO_MAC ? null : dmac, dev: device.name, state: state.toUpperCase() }),
  });
}

/** Whether the search for a neighbour ends where it begins, and no sender is told. @source net/core/neighbour.c __neigh_event_send */
function asksNobody({ sysctl: { neigh } }: Device): boolean {
  return neigh.mcastSolicit + neigh.appSolicit === 0;
}

function enter({ effects: { nowMs } }: Stack, entry: LearnedNeighbour, state: LearnedNeighbour['state']): void {
  entry.state = state;
  entry.sinceMs = nowMs;
  entry.updatedMs = nowMs;
}

/** Asks for an address, again and again until the tries are used up. @source net/core/neighbour.c neigh_timer_handler */
function solicit(stack: Stack, device: Device, entry: LearnedNeighbour, cause: Skb | null): void {
  const { neigh } = device.sysctl;
  const tries = entry.state === 'probe' ? neigh.ucastSolicit : neigh.mcastSolicit;
  entry.probes++;
  const round = entry.probes;
  const { sinceMs } = entry;
  stack.effects.timer(neigh.retransTimeMs, {
    pending: () =>
      entry.probes === round &&
      entry.sinceMs === sinceMs &&
      (entry.state === 'incomplete' || (entry.state === 'probe' && entry.queue.length > 0)),
    fire: () => {
      const cause = entry.queue.at(-1) ?? null;
      if (round < tries) {
        solicit(stack, device, entry, cause);
      } else if (entry.state === 'probe') {
        // Its timer would have given the old address up before this packet came, so the packet asks everybody.
        entry.state = 'incomplete';
        entry.probes = 0;
        solicit(stack, device, entry, cause);
      } else fail(stack, device, entry);
    },
  });
  // The timer runs already: whoever is asked may set one of his own before the question has returned. Where only a daemon is asked
  // (app_solicit), nobody answers in its stead.
  if (tries > 0) arpSolicit(stack, device, entry, cause);
}

/**
 * Nobody answered: everything that waited is lost, and its senders are told. To tell one may mean to ask for the same neighbour again: then
 * that is lost, too, and so is the rest, in silence, though the question is asked.
 * @source net/core/neighbour.c neigh_invalidate, net/ipv4/arp.c arp_error_report
 */
function fail(stack: Stack, device: Device, entry: LearnedNeighbour): void {
  enter(stack, entry, 'failed');
  const text = `nobody answered ARP for ${formatIpv4(entry.ip)} on ${device.name}`;
  while (entry.state === 'failed') {
    const skb = entry.queue.shift();
    if (skb === undefined) return;
    const doubt = stack.effects.arpFailed(stack, device, entry.ip);
    if (doubt !== null) {
      stack.effects.unknown(stack, skb, doubt.reason, `${text}, and who could is not known: ${doubt.text}`);
      continue;
    }
    note(stack, skb, {
      stage: 'neighbour',
      verb: 'DROPPED',
      text,
      neigh: { ip: formatIpv4(entry.ip), mac: null, dev: device.name, state: 'FAILED' },
      reason: 'NEIGH_FAILED',
    });
    hostUnreachable(stack, device, skb);
    stack.effects.dropped(stack, skb, 'NEIGH_FAILED', text);
  }
  for (const skb of entry.queue.splice(0)) stack.effects.dropped(stack, skb, 'NEIGH_FAILED', text);
}

/** An answer or an announcement taught an address: what waited is sent. @source net/core/neighbour.c neigh_update */
export function neighUpdate(
  stack: Stack,
  device: Device,
  entry: LearnedNeighbour,
  address: Mac,
  state: 'reachable' | 'stale',
  override: boolean,
): void {
  const known = entry.mac !== null && entry.state !== 'incomplete' && entry.state !== 'failed';
  if (known && entry.mac !== address && !override) return;
  const isSame = entry.mac === address;
  if (known && isSame && state === 'stale') return;
  // To hear the same again confirms it, but does not keep others from claiming the address.
  if (isSame && agedState(entry.state, entry.sinceMs, device.sysctl.neigh, stack.effects.nowMs) === state)
    entry.sinceMs = stack.effects.nowMs;
  else enter(stack, entry, state);
  entry.mac = address;
  const waiting = entry.queue.splice(0);
  for (const skb of waiting) {
    if (entry.state === 'stale') enter(stack, entry, 'delay');
    entry.used = true;
    sendTo(stack, device, skb, address, entry.ip, entry.state);
  }
}
