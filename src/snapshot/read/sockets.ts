import type { Socket } from '../../linux/socket.ts';
import { type Ipv4, ipv4, parseIpv4 } from '../../wire/ipv4.ts';
import { isDeviceName } from './scalar.ts';
import type { Line } from './source.ts';

interface End {
  /** Null accepts every address. */
  readonly addr: Ipv4 | null;
  readonly dev: string | null;
  /** Null for `*`. */
  readonly port: number | null;
}

/** `users:(("nginx",pid=7,fd=3))`: who holds the socket. The name is whatever the process calls itself. */
const OWNER = /users:\(\("([^\p{C}"]{1,400})"/u;

/**
 * The sockets of `ss -H -n -l -t -u` or `ss -H -n -a -t -u`; IPv6-only sockets are skipped.
 * @param kernelPorts UDP ports of the vxlan devices of the namespace: their sockets belong to the kernel and never answer
 * @source iproute2 misc/ss.c sock_state_print, inet_addr_print
 */
export function readSockets(lines: readonly Line[], kernelPorts: ReadonlySet<number>): Socket[] {
  const sockets: Socket[] = [];
  for (const line of lines) {
    const [proto, state, , , localText, peerText] = line.words();
    if (proto === 'Netid') continue;
    if ((proto !== 'tcp' && proto !== 'udp') || state === undefined || localText === undefined || peerText === undefined) {
      line.fail('this is no socket', 'a line of ss -H -n -l -t -u: tcp or udp, state, two queues, local and peer address');
      continue;
    }
    const local = readEnd(localText);
    const peer = readEnd(peerText);
    if (local === 'ipv6' || peer === 'ipv6') continue;
    if (local?.port === null || local === null || peer === null) {
      line.fail(`this socket has no address that can be read`, 'ADDRESS:PORT', line.text.indexOf(localText));
      continue;
    }
    const connected = peer.addr !== null && peer.port !== null;
    // A socket in TIME-WAIT gives way to a new connection. @source net/ipv4/tcp_minisocks.c tcp_timewait_state_process
    if (proto === 'tcp' && (state === 'TIME-WAIT' || (state !== 'LISTEN' && !connected))) continue;
    sockets.push({
      proto,
      addr: local.addr,
      port: local.port,
      dev: local.dev,
      peer: connected ? { addr: peer.addr, port: peer.port } : null,
      answers: proto === 'tcp' || !kernelPorts.has(local.port),
      owner: OWNER.exec(line.text)?.[1] ?? null,
    });
  }
  return sockets;
}

/** More than an IPv6 address with its device and port. */
const MAX_END_CHARACTERS = 100;

/** `*:80`, `0.0.0.0:80`, `10.0.0.1%eth0:68`, `[::ffff:10.0.0.1]:80`; null when it is none of these. */
function readEnd(text: string): End | 'ipv6' | null {
  if (text.length > MAX_END_CHARACTERS) return null;
  const colon = text.lastIndexOf(':');
  const portText = text.slice(colon + 1);
  const port = portText === '*' ? null : Number(portText);
  if (colon < 0 || (port !== null && (!/^\d{1,5}$/.test(portText) || port > 0xffff))) return null;
  const [host = '', dev = null, more] = text.slice(0, colon).split('%');
  if (more !== undefined || (dev !== null && !isDeviceName(dev))) return null;
  const mapped = /^\[::ffff:([\d.]+)\]$/.exec(host)?.[1];
  if (mapped === undefined && /^\[?[\da-fA-F:.]*::?[\da-fA-F:.]*\]?$/.test(host) && host.includes(':')) return 'ipv6';
  if (host === '*') return { addr: null, dev, port };
  const addr = parseIpv4(mapped ?? host);
  if (addr === null) return null;
  return { addr: addr === ipv4(0) ? null : addr, dev, port };
}
