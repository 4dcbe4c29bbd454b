import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { entryOf, recordOf } from '../../../src/linux/conntrack/record.ts';
import { IPS_DST_NAT, IPS_SRC_NAT } from '../../../src/linux/conntrack/entry.ts';
import { sessionOf } from '../../../src/snapshot/session.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { snapshotOf } from './files.ts';
import { connection } from './worlds.ts';

const LINE =
  'ipv4 2 tcp 6 300 ESTABLISHED src=10.0.0.1 dst=10.96.0.1 sport=40000 dport=80 src=10.0.0.9 dst=10.0.0.4 sport=8080 dport=40000 [ASSURED] mark=7 use=1\n';

describe('the session of a snapshot', () => {
  it('knows the connections of conntrack.txt in both directions', () => {
    const session = sessionOf(snapshotOf({ 'conntrack.txt': LINE }));
    const table = session.netns.get('m/n')?.conntrack;
    const there = table?.find(6, ip('10.0.0.1'), ip('10.96.0.1'), 40000, 80, 0);
    const back = table?.find(6, ip('10.0.0.9'), ip('10.0.0.4'), 8080, 40000, 0);
    expect(there).toBe(back);
    expect(there?.mark).toBe(7);
    expect((there?.status ?? 0) & (IPS_SRC_NAT | IPS_DST_NAT)).toBe(IPS_SRC_NAT | IPS_DST_NAT);
    expect(table?.find(6, ip('10.0.0.1'), ip('10.96.0.1'), 40000, 80, 301_000)).toBeNull();
  });

  it('knows nothing when it is cold', () => {
    expect(sessionOf(snapshotOf({ 'conntrack.txt': LINE }), { cold: true })).toMatchObject({ cold: true, netns: new Map() });
  });

  test.prop([connection])('lists a connection as it was read', (record) => {
    expect(recordOf(entryOf(record, 5000), 5000)).toEqual(record);
  });
});
