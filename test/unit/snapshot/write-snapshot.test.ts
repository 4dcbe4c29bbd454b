import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { memoryDirectory } from '../../../src/snapshot/directory.ts';
import { readSnapshot } from '../../../src/snapshot/read-snapshot.ts';
import { writeSnapshot } from '../../../src/snapshot/write-snapshot.ts';
import { recordedCases, recordedDirectory } from '../../kernel/recordings.ts';
import { snapshotOf } from './files.ts';
import { connection, world } from './worlds.ts';

describe('a World written as a snapshot directory', () => {
  test.prop([world, fc.array(connection, { maxLength: 4 })])('reads back as the same World', (given, connections) => {
    const conntrack = new Map(connections.length === 0 ? [] : [['m/n', connections]]);
    const written = writeSnapshot(given, conntrack);
    expect(written.lost).toEqual([]);
    const read = readSnapshot(memoryDirectory('again', written.files));
    expect(read.problems).toEqual([]);
    expect(read.world).toEqual(given);
    expect(read.conntrack).toEqual(conntrack);
  });

  it('keeps what was not collected apart from what is empty', () => {
    const { world: partial } = snapshotOf({ 'link.json': [], 'route.json': [] });
    const { files } = writeSnapshot(partial);
    expect([...files.keys()].sort()).toEqual(['m/n/brlink.json', 'm/n/link.json', 'm/n/route.json', 'snapshot.json']);
    expect(readSnapshot(memoryDirectory('snap', files)).world).toEqual(partial);
  });

  it('keeps rules of both back ends, sets and bridge tables', () => {
    const given = snapshotOf({
      'iptables.txt': [
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        ':POSTROUTING ACCEPT [0:0]',
        ':KUBE-SERVICES - [0:0]',
        '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        '-A KUBE-SERVICES -d 10.0.0.10/32 -p udp -m udp --dport 53 -m set --match-set pods src -j DNAT --to-destination 10.244.0.9:53',
        'COMMIT',
        '',
      ].join('\n'),
      'iptables-legacy.txt': '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [7:420]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n',
      'ipset.txt': 'create pods hash:net family inet hashsize 1024 maxelem 65536\nadd pods 10.244.0.0/24\nadd pods 10.244.0.7 nomatch\n',
      'ebtables.txt': '*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n-A PREROUTING -p ARP -j ACCEPT\n',
    });
    expect(given.problems).toEqual([]);
    const netns = given.world.machines['m']?.netns['n'];
    expect([netns?.iptables.nat?.chains.length, netns?.iptablesLegacy?.filter?.chains.length]).toEqual([3, 3]);
    expect([netns?.ipsets[0]?.entries.length, netns?.ebtables?.nat?.chains[0]?.rules.length]).toEqual([2, 1]);
    const again = readSnapshot(memoryDirectory('snap', writeSnapshot(given.world).files));
    expect(again.problems).toEqual([]);
    expect(again.world).toEqual(given.world);
  });

  it('says what no dump can hold', () => {
    const { world: hooked } = snapshotOf({ 'ipvs.txt': '-A -t 10.0.0.1:80 -s rr\n' });
    expect(writeSnapshot(hooked).lost).toEqual(['m/n: 1 IPVS services are not modelled']);
  });
});

describe('a recorded snapshot', () => {
  it.each(recordedCases())('is the same after it was written and read again: %s', (name) => {
    const first = readSnapshot(recordedDirectory(name));
    expect(first.problems).toEqual([]);
    const again = readSnapshot(memoryDirectory(name, writeSnapshot(first.world, first.conntrack).files));
    expect(again.problems).toEqual([]);
    expect(again.world).toEqual(first.world);
  });
});
