import { describe, expect, it } from 'vitest';
import { recordOf } from '../../../src/linux/conntrack/record.ts';
import { memoryDirectory } from '../../../src/snapshot/directory.ts';
import { readSnapshot } from '../../../src/snapshot/read-snapshot.ts';
import { sessionOf } from '../../../src/snapshot/session.ts';
import { writeSnapshot } from '../../../src/snapshot/write-snapshot.ts';
import type { Probe } from '../../../src/walk/probe.ts';
import { runProbe } from '../../../src/walk/run-probe.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { freeze } from '../../../src/world/freeze.ts';
import { LO, ether, snapshotOf } from './files.ts';

const RULES = [
  '*nat',
  ':PREROUTING ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ':POSTROUTING ACCEPT [0:0]',
  '-A OUTPUT -d 10.0.0.99/32 -j DNAT --to-destination 10.0.0.4',
  'COMMIT',
  '',
].join('\n');

/** A host that rewrites 10.0.0.99 to its own address 10.0.0.4. */
const HOST = {
  'link.json': [LO, ether(2, 'eth0')],
  'addr.json': [
    { ifname: 'lo', addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }] },
    { ifname: 'eth0', addr_info: [{ family: 'inet', local: '10.0.0.4', prefixlen: 24, scope: 'global' }] },
  ],
  'route.json': [
    { dst: '10.0.0.0/24', dev: 'eth0', scope: 'link', protocol: 'kernel', prefsrc: '10.0.0.4' },
    { type: 'local', dst: '10.0.0.4', dev: 'eth0', table: 'local', scope: 'host', protocol: 'kernel', prefsrc: '10.0.0.4' },
  ],
  'rule.json': [
    { priority: 0, src: 'all', table: 'local' },
    { priority: 32766, src: 'all', table: 'main' },
  ],
  'neigh.json': '[]',
  'fdb.json': '[]',
  'sysctl.txt': '',
  'iptables.txt': RULES,
  'ipset.txt': '',
  'ebtables.txt': '',
  'sockets.txt': 'udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*\n',
  'conntrack.txt': '',
};

function probe(proto: Probe['proto']): Probe {
  const from = { kind: 'netns', machine: 'm', netns: 'n' } as const;
  return { label: 'netns/m/n', from, proto, dst: ip('10.0.0.99'), ...(proto === 'icmp' ? {} : { dport: 53 }) };
}

describe('a walk that goes on where a snapshot ended', () => {
  it.each(['udp', 'icmp'] as const)('finds the connections that were written: %s', (proto) => {
    const first = snapshotOf(HOST);
    expect(first.problems).toEqual([]);
    const world = freeze(first.world);
    const session = sessionOf(first);
    const before = runProbe(world, session, probe(proto));
    expect(before.outcome).toBe('replied');
    const entries = session.netns.get('m/n')?.conntrack.list(session.clock.nowMs) ?? [];
    expect(entries).toHaveLength(1);

    const records = entries.map((entry) => recordOf(entry, session.clock.nowMs));
    const { files } = writeSnapshot(world, new Map([['m/n', records]]));
    const again = readSnapshot(memoryDirectory('again', files));
    const resumed = sessionOf(again);
    const after = runProbe(freeze(again.world), resumed, probe(proto));
    expect(after.conntrack).toEqual(before.conntrack);
    // NAT rules see the first packet of a connection only.
    const rules = after.legs.flatMap(({ hops }) => hops.flatMap(({ steps }) => steps.filter((step) => step.rule?.table === 'nat')));
    expect(rules).toEqual([]);
  });
});
