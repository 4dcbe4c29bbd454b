import { formatIpv4 } from '../../wire/ipv4.ts';
import { ICMP, protoName, TCP, UDP } from '../../wire/proto.ts';
import { hasWrongChecksum } from '../checksum.ts';
import type { Device } from '../device.ts';
import { ACK, CT_NONE, type Exit, RST, type Skb, SYN } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { answerTo, emit, type Refusal } from './emit.ts';
import { boundSockets, findSocket, isBlindTo, socketDevice, takesCopy } from './find-socket.ts';
import { icmpRcv, icmpSend } from './icmp.ts';
import { ECHO_REQUEST, PORT_UNREACH, PROTO_UNREACH, UNREACHABLE } from './icmp-types.ts';
import { tcpRcv } from './tcp.ts';
import { vxlanOnPort, vxlanRcv } from './vxlan.ts';

/** @source net/ipv4/ip_input.c ip_protocol_deliver_rcu */
export function deliverToSocket(stack: Stack, device: Device, skb: Skb): void {
  if (stack.gaps !== null && opens(stack, skb) && isBlind(stack, skb, stack.gaps.opening('in'))) return;
  switch (skb.proto) {
    case ICMP:
      icmpRcv(stack, device, skb);
      return;
    case UDP:
      udpRcv(stack, device, skb);
      return;
    case TCP:
      tcpRcv(stack, device, skb);
      return;
    default:
      icmpSend(stack, device, skb, UNREACHABLE, PROTO_UNREACH);
      stack.effects.dropped(stack, skb, 'IP_NOPROTO', `nothing takes protocol ${protoName(skb.proto)}`);
  }
}

/** Whether a packet asks for something new, and is no answer to what a probe here sent. */
function opens(stack: Stack, skb: Skb): boolean {
  switch (skb.proto) {
    case TCP:
      return (skb.tcpFlags & (SYN | ACK | RST)) === SYN;
    case ICMP:
      return skb.icmpType === ECHO_REQUEST;
    default:
      return !stack.session.sockets.some(({ proto, port }) => proto === 'udp' && port === skb.dport);
  }
}

/** @source net/ipv4/udp.c __udp4_lib_rcv */
function udpRcv(stack: Stack, device: Device, skb: Skb): void {
  if (hasWrongChecksum(skb)) {
    stack.effects.dropped(
      stack,
      skb,
      'UDP_CSUM',
      'NAT made the checksum of the tunnel wrong, since that of the packet inside was not filled in',
    );
    return;
  }
  if (skb.inner !== null && vxlanOnPort(stack, skb.dport)) {
    vxlanRcv(stack, skb);
    return;
  }
  if (skb.input?.kind === 'broadcast' || skb.input?.kind === 'multicast') {
    toGroup(stack, device, skb);
    return;
  }
  const socket = findSocket(stack, 'udp', socketDevice(device, skb), skb);
  if (isBlindTo(stack, skb, socket)) return;
  if (socket === null) {
    // UDP lets go of the connection before it looks for a socket.
    skb.ct = null;
    skb.ctInfo = CT_NONE;
    icmpSend(stack, device, skb, UNREACHABLE, PORT_UNREACH);
    stack.effects.dropped(stack, skb, 'NO_SOCKET', `nobody listens on udp/${skb.dport}`);
    return;
  }
  stack.effects.delivered(stack, skb, socket);
  if (socket.answers) {
    const answer = answerTo(stack, skb, UDP, skb.lengthBytes);
    answer.boundDev = socket.dev;
    stack.effects.wake(() => {
      emit(stack, answer, 'socket', answersText, mayBroadcast);
    });
  }
}

function answersText({ src, sport }: Skb): string {
  return `answers from ${formatIpv4(src)}:${sport}`;
}

/** A server sends no broadcasts, unless somebody had told its socket so (SO_BROADCAST). @source net/ipv4/udp.c udp_sendmsg */
function mayBroadcast(_stack: Stack, { dst }: Skb, out: Exit): Refusal | null {
  if (out.kind !== 'broadcast') return null;
  return {
    reason: 'NO_ROUTE_BACK',
    text: `${formatIpv4(dst)} is a broadcast address, and the server's socket may not send to one (EACCES)`,
  };
}

/** Every socket gets its copy. @source net/ipv4/udp.c __udp4_lib_mcast_deliver */
function toGroup(stack: Stack, device: Device, skb: Skb): void {
  const all = [...boundSockets(stack, 'udp', skb.dport), ...stack.session.sockets.filter((s) => s.proto === 'udp' && s.port === skb.dport)];
  if (isBlindTo(stack, skb, null)) return;
  const takers = all.filter((socket) => takesCopy(socket, device, skb));
  if (takers.length === 0) {
    stack.effects.dropped(stack, skb, 'NO_SOCKET', `nobody listens on udp/${skb.dport}`);
    return;
  }
  for (const socket of takers) stack.effects.delivered(stack, skb, socket);
}
