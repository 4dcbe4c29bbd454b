import { ICMP, TCP, UDP } from '../../wire/proto.ts';
import type { Device } from '../device.ts';
import type { Quoted } from '../skb.ts';
import type { Socket } from '../socket.ts';
import type { Stack } from '../stack.ts';
import { findSocket } from './find-socket.ts';
import { ECHO_REPLY } from './icmp-types.ts';

/** What of a socket counts where a packet of its is routed again. */
export type Sender = Pick<Socket, 'dev' | 'mark'>;

const UNMARKED: Sender = { dev: null, mark: 0 };

/**
 * The sockets that may have sent a packet that an error is about, whose mark and device count; null: none is asked for, as for an echo
 * reply. Of an echo request the raw sockets hear: that of whoever sent it, and of whoever watches. Of a tunnel's packet its socket does.
 * @source net/ipv4/icmp.c icmp_socket_deliver, icmp_err; raw.c raw_icmp_error; udp.c __udp4_lib_err, __udp4_lib_err_encap
 */
export function sendersOf(stack: Stack, device: Device, quoted: Quoted): readonly (Sender | null)[] {
  const { session, effects } = stack;
  const { proto, src, sport, dst, dport, icmpType } = quoted;
  const hears = ({ addr, dev }: Pick<Socket, 'addr' | 'dev'>): boolean =>
    (addr === null || addr === src) && (dev === null || dev === device.name);
  const socketOf = (of: 'tcp' | 'udp'): Socket | null => findSocket(stack, of, device, { src: dst, sport: dport, dst: src, dport: sport });
  switch (proto) {
    case ICMP:
      if (icmpType === ECHO_REPLY) return [null];
      return [...(session.pinger !== null && hears(session.pinger) ? [session.pinger] : []), ...(effects.isWatched ? [UNMARKED] : [])];
    case UDP: {
      const socket = socketOf('udp') ?? (stack.vxlanPorts.has(dport) ? UNMARKED : null);
      return socket === null ? [] : [socket];
    }
    case TCP: {
      const socket = socketOf('tcp');
      return socket === null ? [] : [socket];
    }
    default:
      return [];
  }
}
