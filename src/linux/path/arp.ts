import { ANY, type Ipv4, isLoopback, isMulticast } from '../../wire/ipv4.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../wire/mac.ts';
import { mask } from '../../wire/prefix.ts';
import type { Device } from '../device.ts';
import { inetDevAddrType } from '../fib/addr-type.ts';
import { isInSubnet, isOnLink } from '../fib/on-link.ts';
import { SCOPE_HOST, SCOPE_LINK, scopeNumber } from '../fib/scope.ts';
import { inetSelectAddr } from '../fib/select-address.ts';
import { isProxied } from '../neighbours-by-address.ts';
import type { LearnedNeighbour } from '../netns-session.ts';
import { type Arp, PACKET_HOST, PACKET_OTHERHOST, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { deviceTransmit } from './device.ts';
import { fixedNeighbour, learned, neighCreate, neighUpdate } from './neighbour.ts';
import { routeArp, routeBack } from './route.ts';

/** @source net/ipv4/arp.c arp_send_dst */
function arpSend(stack: Stack, device: Device, arp: Arp, dmac: Mac): void {
  if (device.noarp) return;
  const skb = new Skb();
  skb.arp = arp;
  skb.role = 'arp';
  skb.smac = arp.senderMac;
  skb.dmac = dmac;
  skb.lengthBytes = 28;
  skb.local = true;
  skb.sender = 'none';
  stack.effects.arpLeg(stack, device, skb);
  deviceTransmit(stack, device, skb);
}

/** Asks who has an address; by unicast while an old answer is being checked. @source net/ipv4/arp.c arp_solicit */
export function arpSolicit(stack: Stack, device: Device, entry: LearnedNeighbour, cause: Skb | null): void {
  const senderIp = solicitSource(stack, device, entry.ip, cause);
  const unicast = entry.state === 'probe' && entry.mac !== null ? entry.mac : null;
  arpSend(
    stack,
    device,
    { op: 'request', senderMac: device.mac, senderIp, targetMac: ZERO_MAC, targetIp: entry.ip },
    unicast ?? BROADCAST_MAC,
  );
}

function solicitSource(stack: Stack, device: Device, target: Ipv4, cause: Skb | null): Ipv4 {
  const announce = device.sysctl.arpAnnounce;
  if (cause !== null && announce < 2 && inetDevAddrType(stack.netns, cause.src, null) === 'local') {
    if (announce === 0 || isOnLink(device, target, cause.src)) return cause.src;
  }
  return inetSelectAddr(stack.netns, device, target, SCOPE_LINK);
}

/** An ARP packet comes in. @source net/ipv4/arp.c arp_process */
export function arpRcv(stack: Stack, device: Device, skb: Skb): void {
  const { arp } = skb;
  if (arp === null || device.noarp || device.isLoopback || skb.packetType === PACKET_OTHERHOST) return;
  const { senderIp: sip, targetIp: tip, senderMac: sha } = arp;
  if (isMulticast(tip) || (isLoopback(tip) && !device.sysctl.routeLocalnet)) return;
  if (sip === tip && device.sysctl.dropGratuitousArp) return;
  if (sip === ANY) {
    if (arp.op === 'request' && inetDevAddrType(stack.netns, tip, null) === 'local' && !ignores(stack, device, sip, tip))
      answer(stack, device, arp);
    return;
  }
  if (arp.op === 'request') {
    const route = routeArp(stack, device, skb, tip, sip);
    if (route.kind === 'unknown' || (stack.gaps !== null && isBlind(stack, skb, stack.gaps.takingAll('ARP')))) {
      if (route.kind === 'unknown') stack.effects.unknown(stack, skb, route.reason, route.text);
      return;
    }
    if (route.kind === 'local') {
      if (!ignores(stack, device, sip, tip) && !(device.sysctl.arpFilter && filtered(stack, device, skb, sip, tip))) {
        learnRequest(stack, device, sip, sha);
        answer(stack, device, arp);
      }
      return;
    }
    if (route.kind === 'forward' && device.sysctl.forwarding && proxies(stack, device, route.device, tip)) {
      learnRequest(stack, device, sip, sha);
      answer(stack, device, arp);
      return;
    }
  }
  if (fixedNeighbour(stack.netns, device, sip) !== null) return;
  const gratuitous = sip === tip && inetDevAddrType(stack.netns, sip, device) === 'unicast';
  const entry = learned(stack, device, sip);
  if (entry === null && !accepts(stack, device, arp, gratuitous)) return;
  const state = arp.op === 'reply' && skb.packetType === PACKET_HOST ? 'reachable' : 'stale';
  const target = entry ?? neighCreate(stack, device, sip);
  // The clock is asked only where it decides, for it may be a choice.
  const isNews = target.mac !== null && target.mac !== sha;
  const override = gratuitous || !isNews || stack.effects.hasCome(unlockedMs(device, target));
  neighUpdate(stack, device, target, sha, state, override);
}

/** From when on somebody else may claim the address. */
function unlockedMs({ sysctl: { neigh } }: Device, { updatedMs }: LearnedNeighbour): number | null {
  return updatedMs === null ? null : updatedMs + neigh.locktimeMs + 1;
}

/** Whether an entry is made for somebody who was not asked. @source net/ipv4/arp.c arp_process, arp_accept */
function accepts(stack: Stack, device: Device, { op, senderIp }: Arp, gratuitous: boolean): boolean {
  const { arpAccept } = device.sysctl;
  if (arpAccept === 0 || (arpAccept === 2 && !device.addresses.some((a) => ((senderIp ^ a.local) & mask(a.len)) === 0))) return false;
  return gratuitous || (op === 'reply' && inetDevAddrType(stack.netns, senderIp, device) === 'unicast');
}

/** @source net/core/neighbour.c neigh_event_ns */
function learnRequest(stack: Stack, device: Device, ip: Ipv4, mac: Mac): void {
  if (fixedNeighbour(stack.netns, device, ip) !== null) return;
  const known = learned(stack, device, ip);
  // Of a broadcast address nothing is learned: its Ethernet address is known. @source net/ipv4/arp.c arp_constructor
  if (known === null && inetDevAddrType(stack.netns, ip, null) === 'broadcast') return;
  const entry = known ?? neighCreate(stack, device, ip);
  neighUpdate(stack, device, entry, mac, 'stale', true);
}

function answer(stack: Stack, device: Device, { targetIp, senderIp, senderMac }: Arp): void {
  arpAnswer(stack, device, { ip: targetIp, mac: device.mac }, { ip: senderIp, mac: senderMac });
}

interface Station {
  readonly ip: Ipv4;
  readonly mac: Mac;
}

/** Tells somebody where a station is. */
export function arpAnswer(stack: Stack, device: Device, of: Station, to: Station): void {
  arpSend(stack, device, { op: 'reply', senderMac: of.mac, senderIp: of.ip, targetMac: to.mac, targetIp: to.ip }, to.mac);
}

/** Whether this host answers for a target that another device leads to. @source net/ipv4/arp.c arp_fwd_proxy, arp_fwd_pvlan */
function proxies(stack: Stack, device: Device, towards: Device, tip: Ipv4): boolean {
  if (towards === device) return device.sysctl.proxyArpPvlan;
  if (device.sysctl.proxyArp && !isSameMedium(device, towards)) return true;
  return isProxied(stack.netns.tables.proxyNeighbours, device.name, tip);
}

/** Whether two devices are said to lie on one medium, where the target can answer for itself. @source net/ipv4/arp.c arp_fwd_proxy */
function isSameMedium(asked: Device, towards: Device): boolean {
  const { mediumId } = asked.sysctl;
  if (mediumId === 0) return false;
  const there = towards.sysctl.mediumId;
  return mediumId === -1 || there === -1 || there === mediumId;
}

/** @source net/ipv4/arp.c arp_ignore */
function ignores(stack: Stack, device: Device, sip: Ipv4, tip: Ipv4): boolean {
  switch (device.sysctl.arpIgnore) {
    case 0:
      return false;
    case 1:
      return !confirmsAddr(device, ANY, tip, SCOPE_HOST);
    case 2:
      return !confirmsAddr(device, sip, tip, SCOPE_HOST);
    case 3:
      return !stack.netns.devices.some((each) => confirmsAddr(each, ANY, tip, SCOPE_LINK));
    case 8:
      return true;
    default:
      return false;
  }
}

/**
 * Whether a device has an address, and a subnet (maybe another address's) in which both it and `peer` are (ANY: whoever asks).
 * @source net/ipv4/devinet.c confirm_addr_indev
 */
export function confirmsAddr(device: Device, peer: Ipv4, local: Ipv4, scope: number): boolean {
  const widest = device.sysctl.routeLocalnet ? SCOPE_LINK : SCOPE_HOST;
  return (
    device.addresses.some((a) => a.local === local && Math.min(scopeNumber(a.scope), widest) <= scope) &&
    device.addresses.some((a) => isInSubnet(a, local) && (peer === ANY || isInSubnet(a, peer)))
  );
}

/** Whether an answer is withheld because it would leave by another device than the one that was asked. @source net/ipv4/arp.c arp_filter */
function filtered(stack: Stack, device: Device, request: Skb, sip: Ipv4, tip: Ipv4): boolean {
  const route = routeBack(stack, sip, tip);
  if (route.kind === 'unknown') stack.effects.unknown(stack, request, route.reason, route.text);
  return route.kind === 'unknown' || route.kind === 'error' || route.device !== device;
}
