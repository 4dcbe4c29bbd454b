import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import { type Socket, socketKey } from '../socket.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';

export function boundSockets(stack: Stack, proto: 'tcp' | 'udp', port: number): readonly Socket[] {
  return stack.netns.socketsByPort.get(socketKey(proto, port)) ?? NO_SOCKETS;
}

type Ends = Pick<Skb, 'src' | 'sport' | 'dst' | 'dport'>;

const NO_SOCKETS: readonly Socket[] = [];

/** How well a socket fits; -1 when it does not. @source net/ipv4/udp.c compute_score, inet_hashtables.c compute_score */
function score(socket: Socket, dst: Ipv4, device: Device, skb: Ends): number {
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

/** Whether a socket gets a copy of what is for many. @source net/ipv4/udp.c __udp_is_mcast_sock */
export function takesCopy(socket: Socket, device: Device, skb: Skb): boolean {
  return score(socket, skb.dst, device, skb) > 0;
}

/** To a socket, what this host sent to itself came by the device that holds the address. @source net/ipv4/route.c ip_route_output_key_hash_rcu */
export function socketDevice(device: Device, { input }: Skb): Device {
  return device.isLoopback && input?.kind === 'local' ? (input.route?.nexthops[0]?.device ?? device) : device;
}

/** The socket that a packet with these ends is for, come in by a device. @source net/ipv4/udp.c __udp4_lib_lookup, inet_hashtables.c __inet_lookup */
export function findSocket(stack: Stack, proto: 'tcp' | 'udp', device: Device, skb: Ends): Socket | null {
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
export function isBlindTo(stack: Stack, skb: Skb, socket: Socket | null): boolean {
  if (stack.gaps === null || (socket !== null && stack.session.sockets.includes(socket))) return false;
  return isBlind(stack, skb, stack.gaps.missing('sockets'));
}
