import type { Netns } from '../netns.ts';
import type { Socket } from '../socket.ts';
import { type OpResult, NO_SUCH_FILE } from './result.ts';

/** Somebody listens. Refused where another socket holds the port on an overlapping address and device. */
export function addSocket(netns: Netns, socket: Socket): OpResult {
  const clashes = netns.sockets.some(
    (other) =>
      other.peer === null &&
      socket.peer === null &&
      other.proto === socket.proto &&
      other.port === socket.port &&
      (other.addr === null || socket.addr === null || other.addr === socket.addr) &&
      (other.dev === null || socket.dev === null || other.dev === socket.dev),
  );
  if (clashes) return 'bind: Address already in use';
  netns.sockets = netns.sockets.concat(socket);
  return 'ok';
}

/** The listener on a port is gone. */
export function deleteSocket(netns: Netns, { proto, addr, port }: Pick<Socket, 'proto' | 'addr' | 'port'>): OpResult {
  const kept = netns.sockets.filter((socket) => socket.proto !== proto || socket.port !== port || socket.addr !== addr);
  if (kept.length === netns.sockets.length) return NO_SUCH_FILE;
  netns.sockets = kept;
  return 'ok';
}
