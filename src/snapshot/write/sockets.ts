import type { Socket } from '../../linux/socket.ts';
import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';

/** The sockets as `ss -H -n -a -t -u -p` prints them. */
export function socketLines(sockets: readonly Socket[]): string[] {
  return sockets.map(({ proto, addr, port, dev, peer, owner }) => {
    const state = peer !== null ? 'ESTAB' : proto === 'tcp' ? 'LISTEN' : 'UNCONN';
    const local = endText(addr, dev, String(port));
    const remote = peer === null ? '0.0.0.0:*' : endText(peer.addr, null, String(peer.port));
    const process = owner === null ? '' : ` users:(("${owner}",pid=0,fd=0))`;
    return `${proto} ${state} 0 0 ${local} ${remote}${process}`;
  });
}

function endText(addr: Ipv4 | null, dev: string | null, port: string): string {
  return `${addr === null ? '0.0.0.0' : formatIpv4(addr)}${dev === null ? '' : `%${dev}`}:${port}`;
}
