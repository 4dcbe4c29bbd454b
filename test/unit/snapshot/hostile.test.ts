import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { LO, ether, snapshotOf } from './files.ts';

const JSON_FILES = ['link', 'addr', 'route', 'rule', 'neigh', 'proxyneigh', 'fdb', 'brlink', 'srcpick', 'nft', 'tc', 'bpf'].map(
  (name) => `${name}.json`,
);
const TEXT_FILES = ['sysctl', 'iptables', 'iptables-legacy', 'ebtables', 'ipset', 'conntrack', 'sockets', 'ipvs', 'xfrm'].map(
  (name) => `${name}.txt`,
);

/** The keys that the readers look for, with any value. */
const KEYS: readonly string[] = `
  ifname ifindex flags mtu link_type address master linkinfo info_kind info_data info_slave_data addr_info family local
  prefixlen scope dst gateway dev via table protocol metrics nexthops nh_info priority src srclen
  fwmark goto action lladdr state mac vlan prefsrc nftables chain hook kind devname __proto__
  constructor podwalkSnapshot machines wires`
  .trim()
  .split(/\s+/);
const row = fc.dictionary(
  fc.constantFrom(...KEYS),
  fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('eth0', '10.0.0.1', 'veth', 'bridge', 1, 0)),
);
const json = fc.oneof(
  fc.array(row, { maxLength: 4 }).map((rows) => JSON.stringify(rows)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string(),
);

const WORDS = [
  'udp',
  'tcp',
  'LISTEN',
  '0.0.0.0:80',
  '*:*',
  'ipv4',
  '2',
  '6',
  'src=1.2.3.4',
  'dst=1.2.3.4',
  'sport=1',
  '*nat',
  ':PREROUTING',
  '-A',
  '-j',
  'create',
  'add',
  'x',
  'hash:ip',
  '-m',
  '!',
  '"',
  '=',
];
const text = fc.oneof(
  fc.array(fc.constantFrom(...WORDS, '\n'), { maxLength: 30 }).map((words) => words.join(' ')),
  fc.string(),
);

describe('a file that a stranger wrote', () => {
  test.prop([fc.constantFrom(...JSON_FILES), json])('is read or refused, never a crash: JSON', (file, content) => {
    const snapshot = snapshotOf({ 'link.json': [LO, ether(2, 'eth0')], [file]: content });
    expect(Object.keys(snapshot.world.machines)).toEqual(['m']);
  });

  test.prop([fc.constantFrom(...TEXT_FILES), text])('is read or refused, never a crash: text', (file, content) => {
    const snapshot = snapshotOf({ 'link.json': [LO, ether(2, 'eth0')], [file]: content });
    expect(Object.keys(snapshot.world.machines)).toEqual(['m']);
  });

  test.prop([json])('is read or refused, never a crash: snapshot.json', (content) => {
    const { world, problems } = snapshotOf({ '/snapshot.json': content });
    expect(Object.keys(world.machines).length > 0 || problems.length > 0).toBe(true);
  });
});
