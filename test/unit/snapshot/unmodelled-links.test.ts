import { describe, expect, it } from 'vitest';
import { memoryDirectory } from '../../../src/snapshot/directory.ts';
import { readSnapshot } from '../../../src/snapshot/read-snapshot.ts';
import { writeSnapshot } from '../../../src/snapshot/write-snapshot.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { Lab } from '../linux/lab.ts';
import { type Files, change, open, walk } from './exported.ts';
import { ether, netnsOf, snapshotOf } from './files.ts';

type Row = Readonly<Record<string, unknown>>;

/** The dumps of two pods on a bridge in the root of a machine. */
function switched(): Files {
  const lab = new Lab()
    .veth('a/eth0', 'root/pa')
    .veth('b/eth0', 'root/pb')
    .addr('a/eth0', '10.0.0.2/24')
    .addr('b/eth0', '10.0.0.3/24')
    .bridge('root/br', ['pa', 'pb']);
  return new Map(writeSnapshot({ machines: { m: lab.host }, fabric: null, cluster: null }).files);
}

/** The same with other rows in one of the dumps of the root; rows are given by device. */
function withRows(rows: Readonly<Record<string, Row>>, file = 'link.json', files = switched()): Files {
  return change(files, `m/root/${file}`, (value) => (value as Row[]).map((row) => ({ ...row, ...rows[String(row['ifname'])] })));
}

function ping(files: Files): Trace {
  return walk(open(files), 'netns/m/a', '10.0.0.3', 'icmp');
}

function withPortData(options: Row): Row {
  return { linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: options } };
}

/** What `podwalk validate` lists of the root. */
function validated(files: Files): string[] {
  const gaps = open(files).world.machines['m']?.netns['root']?.unmodelled ?? [];
  return gaps.map(({ reason, dev, text }) => `${reason} ${dev} ${text}`);
}

const verdict = ({ outcome, reason }: Trace): string => `${outcome} ${reason}`;

describe('a bridge in a dump', () => {
  it('carries packets from port to port', () => {
    expect(ping(switched()).outcome).toBe('replied');
  });
});

describe('a master that is no bridge', () => {
  const slave = (kind: string): Row => ({ linkinfo: { info_kind: 'veth', info_slave_kind: kind } });
  const enslaved = (kind: string): Files => withRows({ br: { linkinfo: { info_kind: kind } }, pa: slave(kind), pb: slave(kind) });

  it.each(['openvswitch', 'bond', 'vrf', 'team'])('%s: what its ports do is UNKNOWN', (kind) => {
    const trace = ping(enslaved(kind));
    expect(verdict(trace)).toBe('unknown LINK_TYPE');
    expect(trace.text).toContain(`is a port of br, which is no bridge (${kind})`);
  });

  it('is no bridge either where link.json does not say what it is', () => {
    const files = withRows({ br: { linkinfo: undefined } });
    expect(verdict(ping(files))).toBe('unknown LINK_TYPE');
  });

  it('is known again after it was written', () => {
    const { world } = open(enslaved('openvswitch'));
    const again = readSnapshot(memoryDirectory('again', writeSnapshot(world).files));
    expect(again.world).toEqual(world);
  });
});

describe('the virtual function of a network card', () => {
  it('is no gap: what it receives is the card\u2019s', () => {
    const files = withRows({
      pa: { address: '00:0d:3a:00:00:01', linkinfo: undefined },
      pb: { address: '00:0d:3a:00:00:01', linkinfo: undefined, master: 'pa' },
    });
    expect(validated(files)).toEqual([]);
  });
});

describe('options of a bridge port', () => {
  it.each(['link.json', 'brlink.json'])('that are not modelled make the walks over it UNKNOWN: %s', (file) => {
    const on = file === 'brlink.json' ? { locked: true, mab: true } : withPortData({ locked: true, mab: true });
    const trace = ping(withRows({ pb: on }, file));
    expect(verdict(trace)).toBe('unknown NOT_MODELLED');
    expect(trace.text).toContain('pb is a bridge port with locked, mab, which is not modelled');
  });

  it.each(['proxy_arp', 'proxy_arp_wifi', 'mcast_to_unicast', 'vlan_tunnel', 'backup_port', 'an_option_of_tomorrow'])('%s', (name) => {
    const value = name === 'backup_port' ? 'pa' : true;
    expect(verdict(ping(withRows({ pa: { [name]: value } }, 'brlink.json')))).toBe('unknown NOT_MODELLED');
    expect(ping(withRows({ pa: { [name]: false } }, 'brlink.json')).outcome).toBe('replied');
  });

  it('that the tools print of every port matter to nobody', () => {
    const usual = {
      priority: 32,
      cost: 2,
      fastleave: true,
      id: '0x8001',
      multicast_router: 1,
      group_fwd_mask_str: '0x0',
      proxy_arp: false,
    };
    expect(ping(withRows({ pa: withPortData(usual), pb: withPortData(usual) })).outcome).toBe('replied');
  });
});

describe('options of a vxlan device', () => {
  it('that are not modelled are named, also those of kernels to come, and the others are not', () => {
    const usual = { id: 7, port: 4789, learning: true, ttl: 0, df: 'unset', ageing: 300, udp_csum: true, rsc: false, localbypass: true };
    const unmodelled = (more: object): unknown => {
      const vxlan = { info_kind: 'vxlan', info_data: { ...usual, ...more } };
      return netnsOf(snapshotOf({ 'link.json': [ether(2, 'vx', { linkinfo: vxlan })] })).links[0]?.kind;
    };
    expect(unmodelled({})).toMatchObject({ unmodelled: [] });
    expect(unmodelled({ limit: 5, mc_route: true, '__proto__\u001b': true, localbypass: false })).toMatchObject({
      unmodelled: ['limit', 'mc_route', 'an option without a name', 'localbypass'],
    });
  });
});

describe('an XDP program that link.json shows', () => {
  it('makes the walks over its device UNKNOWN, and is named once', () => {
    const files = withRows({ pb: { xdp: { mode: 2, prog: { id: 7, tag: '3b185187f1855c4c', jited: 1 } } } });
    expect(verdict(ping(files))).toBe('unknown BPF');
    files.set('m/root/bpf.json', JSON.stringify([{ xdp: [{ devname: 'pb', ifindex: 3, mode: 'generic', id: 7 }], tc: [] }]));
    expect(validated(files)).toEqual(['BPF pb a BPF program at xdp of pb is not modelled']);
  });
});
