import type { Device } from '../linux/device.ts';
import { socketDevice } from '../linux/path/find-socket.ts';
import type { Skb } from '../linux/skb.ts';
import type { Pinger, Socket } from '../linux/socket.ts';
import type { Stack } from '../linux/stack.ts';

/** The sockets of one probe: its sender's own, by which its answers are known, and what listeners open for it. */
export class ProbeSockets {
  /** Where the probe is sent; null where it comes in by a link. */
  stack: Stack | null = null;
  private own: Socket | null = null;
  private pinger: Pinger | null = null;
  private readonly open: Stack[] = [];

  /** Opens the sender's socket. */
  openOwn(socket: Socket): void {
    this.own = socket;
    if (this.stack === null) return;
    this.stack.session.sockets.push(socket);
    this.open.push(this.stack);
  }

  /** Opens the sender's raw socket, by whose identifier its answers are known. */
  openPinger(pinger: Pinger): void {
    this.pinger = pinger;
    if (this.stack === null) return;
    this.stack.session.pinger = pinger;
    this.open.push(this.stack);
  }

  /** A listener has made a socket for a connection. */
  accepted(stack: Stack): void {
    this.open.push(stack);
  }

  isOwn(socket: Socket | null): boolean {
    return socket !== null && socket === this.own;
  }

  /** Whether the sender hears an echo reply: a socket that is bound to a device hears by that alone. @source net/ipv4/raw.c raw_v4_match */
  hearsEcho(skb: Skb, device: Device): boolean {
    const { pinger } = this;
    if (pinger === null || skb.sport !== pinger.id || (pinger.addr !== null && pinger.addr !== skb.dst)) return false;
    return pinger.dev === null || pinger.dev === socketDevice(device, skb).name;
  }

  /** They close with the probe. */
  close(): void {
    for (let stack = this.open.pop(); stack !== undefined; stack = this.open.pop()) {
      const { sockets } = stack.session;
      while (sockets.length > 0) sockets.pop();
      stack.session.pinger = null;
    }
  }

  reset(): void {
    this.stack = null;
    this.own = null;
    this.pinger = null;
  }
}
