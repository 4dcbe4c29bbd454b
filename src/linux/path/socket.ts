import { formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import { ICMP, protoName, TCP, UDP } from '../../wire/proto.ts';
import { hasWrongChecksum } from '../checksum.ts';
import type { Device } from '../device.ts';
import { ACK, CT_NONE, PACKET_HOST, RST, type Skb, SYN } from '../skb.ts';
import { type Socket, socketKey } from '../socket.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { afterSegment, answerTo, emit, initialSequence, resetTo } from './emit.ts';
import { ECHO_REQUEST, icmpRcv, icmpSend, PORT_UNREACH, PROTO_UNREACH, UNREACHABLE } from './icmp.ts';
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

function boundSockets(stack: Stack, proto: 'tcp' | 'udp', port: number): readonly Socket[] {
  return stack.netns.socketsByPort.get(socketKey(proto, port)) ?? NO_SOCKETS;
}

const NO_SOCKETS: readonly Socket[] = [];

/** A SYN-ACK with the options that the kernel likes, and with the MSS alone, to a SYN that had none. @source net/ipv4/tcp_output.c tcp_synack_options */
const SYN_BYTES = 60;
const PLAIN_SYN_BYTES = 44;

/** How well a socket fits; -1 when it does not. @source net/ipv4/udp.c compute_score, inet_hashtables.c compute_score */
function score(socket: Socket, dst: Ipv4, device: Device, skb: Skb): number {
  let points = 1;
  if (socket.addr !== null) {
    if (socket.addr !== dst) return -1;
    points += 4;
  }
  if (socket.peer !== null) {
    if (socket.peer.addr !== skb.src || socket.peer.port !== skb.sport) return -1;
    points += 8;
  }
  if (socket.dev !== null) {
    if (socket.dev !== device.name) return -1;
    points += 4;
  }
  return points;
}

/** To a socket, what this host sent to itself came by the device that holds the address. @source net/ipv4/route.c ip_route_output_key_hash_rcu */
function socketDevice(device: Device, { input }: Skb): Device {
  return device.isLoopback && input?.kind === 'local' ? (input.route?.nexthops[0]?.device ?? device) : device;
}

function findSocket(stack: Stack, proto: 'tcp' | 'udp', device: Device, skb: Skb): Socket | null {
  let best: Socket | null = null;
  let bestScore = 0;
  for (const socket of boundSockets(stack, proto, skb.dport)) {
    const points = score(socket, skb.dst, device, skb);
    if (points > bestScore) {
      best = socket;
      bestScore = points;
    }
  }
  for (const socket of stack.session.sockets) {
    if (socket.proto !== proto || socket.port !== skb.dport) continue;
    const points = score(socket, skb.dst, device, skb);
    if (points > bestScore) {
      best = socket;
      bestScore = points;
    }
  }
  return best;
}

/** Where the sockets were not collected, only one that a probe opened is known to be there. */
function isBlindTo(stack: Stack, skb: Skb, socket: Socket | null): boolean {
  if (stack.gaps === null || (socket !== null && stack.session.sockets.includes(socket))) return false;
  return isBlind(stack, skb, stack.gaps.missing('sockets'));
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
      emit(stack, answer, 'socket', answersText);
    });
  }
}

function answersText({ src, sport }: Skb): string {
  return `answers from ${formatIpv4(src)}:${sport}`;
}

/** Every socket gets its copy. @source net/ipv4/udp.c __udp4_lib_mcast_deliver */
function toGroup(stack: Stack, device: Device, skb: Skb): void {
  const all = [...boundSockets(stack, 'udp', skb.dport), ...stack.session.sockets.filter((s) => s.proto === 'udp' && s.port === skb.dport)];
  if (isBlindTo(stack, skb, null)) return;
  const takers = all.filter((s) => (s.addr === null || s.addr === skb.dst) && (s.dev === null || s.dev === device.name));
  if (takers.length === 0) {
    stack.effects.dropped(stack, skb, 'NO_SOCKET', `nobody listens on udp/${skb.dport}`);
    return;
  }
  for (const socket of takers) stack.effects.delivered(stack, skb, socket);
}

/** @source net/ipv4/tcp_ipv4.c tcp_v4_rcv */
function tcpRcv(stack: Stack, device: Device, skb: Skb): void {
  if (skb.packetType !== PACKET_HOST) {
    stack.effects.dropped(stack, skb, 'NOT_SPECIFIED', 'TCP takes no broadcast');
    return;
  }
  const socket = findSocket(stack, 'tcp', socketDevice(device, skb), skb);
  if (isBlindTo(stack, skb, socket)) return;
  const { tcpFlags } = skb;
  if (socket === null) {
    if ((tcpFlags & RST) !== 0) {
      stack.effects.dropped(stack, skb, 'NO_SOCKET', 'a RST for nobody');
      return;
    }
    if (skb.input?.kind === 'local') reset(stack, skb);
    stack.effects.dropped(stack, skb, 'NO_SOCKET', nobodyText(stack, skb));
    return;
  }
  if (socket.peer === null) {
    if ((tcpFlags & (SYN | ACK | RST)) === SYN) {
      stack.effects.delivered(stack, skb, socket);
      stack.session.sockets.push({
        proto: 'tcp',
        addr: skb.dst,
        port: skb.dport,
        dev: socket.dev,
        peer: { addr: skb.src, port: skb.sport },
        answers: false,
        owner: socket.owner,
      });
      const answer = answerTo(stack, skb, TCP, skb.lengthBytes < SYN_BYTES ? PLAIN_SYN_BYTES : SYN_BYTES);
      answer.tcpFlags = SYN | ACK;
      answer.tcpSeq = initialSequence(answer);
      answer.tcpAck = afterSegment(skb);
      answer.df = true;
      answer.boundDev = socket.dev;
      answer.mark = stack.netns.sysctl.tcpFwmarkAccept ? skb.mark : 0;
      emit(stack, answer, 'socket', ({ src, sport }) => `SYN-ACK from ${formatIpv4(src)}:${sport}`);
      return;
    }
    if ((tcpFlags & RST) === 0) reset(stack, skb);
    stack.effects.dropped(stack, skb, 'TCP_FLAGS', `the listener on tcp/${skb.dport} has no such connection`);
    return;
  }
  stack.effects.delivered(stack, skb, socket);
  if ((tcpFlags & (SYN | ACK)) === (SYN | ACK)) {
    const ack = answerTo(stack, skb, TCP, 52);
    ack.tcpFlags = ACK;
    ack.tcpSeq = skb.tcpAck;
    ack.tcpAck = afterSegment(skb);
    ack.df = true;
    ack.mark = socket.mark ?? 0;
    ack.tos = socket.tos ?? 0;
    ack.ttl = socket.ttl ?? ack.ttl;
    ack.boundDev = socket.dev;
    ack.role = 'ack';
    stack.effects.release(socket, () => {
      emit(stack, ack, 'socket', () => 'ACK completes the handshake');
    });
  }
}

/** An answer whose translation was missed finds the socket that waits for it in a connection with somebody else. */
function nobodyText({ session }: Stack, skb: Skb): string {
  const waiting = session.sockets.find(({ proto, port, peer }) => proto === 'tcp' && port === skb.dport && peer !== null);
  if (waiting?.peer === undefined || waiting.peer === null) return `nobody listens on tcp/${skb.dport}`;
  const { addr, port } = waiting.peer;
  return `tcp/${skb.dport} is connected with ${formatIpv4(addr)}:${port}, not with ${formatIpv4(skb.src)}:${skb.sport}`;
}

/** Unlike the RST of a REJECT rule, it has the TOS of what it answers. @source net/ipv4/tcp_ipv4.c tcp_v4_send_reset */
function reset(stack: Stack, skb: Skb): void {
  const answer = resetTo(stack, skb);
  answer.tos = skb.tos;
  emit(stack, answer, 'socket', ({ src, sport }) => `RST from ${formatIpv4(src)}:${sport}`);
}
