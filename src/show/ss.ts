import type { Socket } from '../linux/socket.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { type NetnsView, type Row, row } from './listing.ts';

const HEADING = ['Netid', 'State', 'Recv-Q', 'Send-Q', 'Local Address', 'Port', 'Peer Address', 'Port', 'Process'] as const;

/** Who listens, as `ss -lntup` prints it: UDP first, then TCP. */
export function socketRows({ netns }: NetnsView): readonly Row[] {
  const listening = netns.sockets.filter(({ peer }) => peer === null);
  const ordered = [...listening.filter(({ proto }) => proto === 'udp'), ...listening.filter(({ proto }) => proto === 'tcp')];
  const cells = ordered.map(socketCells);
  const width = (column: number): number => Math.max(...[HEADING, ...cells].map((line) => line[column]?.length ?? 0));
  const widths = HEADING.map((_, column) => width(column));
  const ids = ordered.map(({ proto, addr, port, dev }) => `${proto} ${addr === null ? '*' : formatIpv4(addr)} ${port} ${dev ?? '-'}`);
  return [row(socketLine(HEADING, widths), null), ...cells.map((line, index) => row(socketLine(line, widths), ids[index] ?? null))];
}

function socketCells({ proto, addr, port, dev, owner }: Socket): readonly string[] {
  return [
    proto,
    proto === 'tcp' ? 'LISTEN' : 'UNCONN',
    '0',
    '0',
    `${addr === null ? '0.0.0.0' : formatIpv4(addr)}${dev === null ? '' : `%${dev}`}`,
    String(port),
    '0.0.0.0',
    '*',
    owner === null ? '' : `users:(("${owner}"))`,
  ];
}

/** Addresses stand at the right of their column and ports at the left, so that the colons make one line. */
function socketLine(cells: readonly string[], widths: readonly number[]): string {
  const at = (column: number): string => (cells[column] ?? '').padEnd(widths[column] ?? 0);
  const address = (column: number): string => `${(cells[column] ?? '').padStart(widths[column] ?? 0)}:${at(column + 1)}`;
  return [at(0), at(1), at(2), at(3), address(4), address(6), at(8)].join(' ');
}
