import { describe, expect, test } from 'vitest';
import { CtEntry, IPS_ASSURED } from '../../../../src/linux/conntrack/entry.ts';
import { ConntrackTable } from '../../../../src/linux/conntrack/table.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { TCP } from '../../../../src/wire/proto.ts';

function table(entries: readonly { readonly assured: boolean; readonly expiresAtMs: number }[]): ConntrackTable {
  const conntrack = new ConntrackTable();
  for (const [index, { assured, expiresAtMs }] of entries.entries()) {
    const entry = new CtEntry(TCP, ip('10.0.0.1'), ip('10.0.0.2'), 1000 + index, 80);
    entry.expiresAtMs = expiresAtMs;
    if (assured) entry.status |= IPS_ASSURED;
    conntrack.insert(entry);
  }
  return conntrack;
}

const ASSURED = { assured: true, expiresAtMs: 1000 };
const LOOSE = { assured: false, expiresAtMs: 1000 };

describe('a new connection in a table of two', () => {
  test.each([
    ['finds room while there is some', [ASSURED], 'free'],
    ['finds none when both are in use', [ASSURED, ASSURED], 'full'],
    ['takes the place of one that has timed out', [ASSURED, { assured: true, expiresAtMs: 400 }], 'free'],
    ['may take the place of one that is not assured, if the kernel comes across it', [ASSURED, LOOSE], 'perhaps'],
  ] as const)('%s', (_, entries, room) => {
    expect(table(entries).room(2, 500)).toBe(room);
  });

  test('finds room without end where the limit is 0', () => {
    expect(table([ASSURED, ASSURED]).room(0, 500)).toBe('free');
  });
});
