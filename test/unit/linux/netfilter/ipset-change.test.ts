import { describe, expect, test } from 'vitest';
import { ipsetRows } from '../../../../src/show/ipset.ts';
import { type Mac, mac } from '../../../../src/wire/mac.ts';
import { Lab } from '../lab.ts';
import { Bench, ipsets, type Packet, table } from './support.ts';

/** What the sets hold once a packet from 10.9.1.2 to 10.1.0.9 has met these rules; `later` so many seconds after the sets were saved. */
function afterPacket(sets: string, rules: readonly string[], later = 0): string[] {
  const bench = new Bench();
  Object.assign(bench.netns, { ipsets: ipsets(sets) });
  bench.nowMs = later * 1000;
  const lines = rules.map((rule) => `-A FORWARD -j SET ${rule}`);
  bench.run(table('mangle', ...lines), 'FORWARD', { src: '10.9.1.2', proto: 'tcp', sport: 80 });
  const view = { netns: bench.netns, session: bench.session, cold: false, nowMs: bench.nowMs, peer: () => null };
  return ipsetRows(view).flatMap(({ text }) => (text.startsWith('add') ? [text] : []));
}

test('one rule adds to a set and takes out of another', () => {
  const sets = 'create X hash:ip\ncreate Y hash:ip\nadd Y 10.9.1.2\n';
  expect(afterPacket(sets, ['--add-set X src --del-set Y src'])).toEqual(['add X 10.9.1.2']);
  expect(afterPacket(sets, ['--del-set X src --add-set X src'])).toEqual(['add Y 10.9.1.2']);
});

describe('a network is added with the longest prefix length that its set has', () => {
  test.each([
    ['hash:net', 'src', [], '10.9.1.2'],
    ['hash:net', 'src', ['10.50.0.0/16'], '10.9.0.0/16'],
    ['hash:net', 'src', ['10.50.0.0/16', '10.60.0.0/24 nomatch'], '10.9.1.0/24'],
    ['hash:net,port', 'src,src', ['10.50.0.0/16,80'], '10.9.0.0/16,tcp:80'],
    ['hash:ip,port,net', 'src,src,dst', ['10.50.0.0,80,10.60.0.0/20'], '10.9.1.2,tcp:80,10.1.0.0/20'],
    ['hash:net,iface', 'src,src', ['10.50.0.0/16,lo', '10.50.0.0/24,lo'], '10.9.1.0/24,eth0'],
  ])('%s, asked %s, of %j', (type, dims, entries, added) => {
    const sets = `create N ${type}\n${entries.map((entry) => `add N ${entry}\n`).join('')}`;
    expect(afterPacket(sets, [`--add-set N ${dims}`])).toContain(`add N ${added}`);
  });

  test('which is not that of one that has timed out', () => {
    const sets = 'create N hash:net timeout 100\nadd N 10.50.0.0/24 timeout 1\nadd N 10.50.0.0/16 timeout 100\n';
    expect(afterPacket(sets, ['--add-set N src'], 2)).toContain('add N 10.9.0.0/16 timeout 100');
  });

  test('and is taken out with that', () => {
    const sets = 'create N hash:net\nadd N 10.9.1.2\nadd N 10.9.0.0/16\n';
    expect(afterPacket(sets, ['--del-set N src'])).toEqual(['add N 10.9.0.0/16']);
    expect(afterPacket(sets, ['--del-set N src', '--del-set N src'])).toEqual([]);
  });
});

test('others of an added network are found, but are no exceptions of the set', () => {
  const bench = new Bench();
  Object.assign(bench.netns, { ipsets: ipsets('create N hash:net\nadd N 10.50.0.0/16\n') });
  bench.run(table('mangle', '-A FORWARD -j SET --add-set N src'), 'FORWARD', { src: '10.9.1.2' });
  expect(bench.matches('-m set --match-set N src', { src: '10.9.77.1' })).toBe(true);
  expect(bench.matches('-m set --match-set N src', { src: '10.10.0.1' })).toBe(false);
  expect(bench.matches('-m set --match-set N src --return-nomatch', { src: '10.9.1.2' })).toBe(false);
});

test('an added network with another interface hides a shorter one', () => {
  const bench = new Bench();
  Object.assign(bench.netns, { ipsets: ipsets('create S hash:net,iface\nadd S 10.50.0.0/24,lo\nadd S 10.9.0.0/16,eth1\n') });
  expect(bench.matches('-m set --match-set S src,dst', { src: '10.9.1.2' })).toBe(true);
  bench.run(table('mangle', '-A FORWARD -j SET --add-set S src,src'), 'FORWARD', { src: '10.9.1.2' });
  expect(bench.matches('-m set --match-set S src,dst', { src: '10.9.1.2' })).toBe(false);
  expect(bench.matches('-m set --match-set S src,dst', { src: '10.9.2.2' })).toBe(true);
});

test('a member of a list that has timed out is none', () => {
  const sets = 'create M hash:ip\nadd M 10.9.1.2\ncreate L list:set timeout 9\nadd L M timeout 1\n';
  expect(afterPacket(sets, ['--del-set L src'])).not.toContain('add M 10.9.1.2');
  expect(afterPacket(sets, ['--del-set L src'], 2)).toContain('add M 10.9.1.2');
  const bench = new Bench();
  Object.assign(bench.netns, { ipsets: ipsets(sets) });
  expect(bench.matches('-m set --match-set L src', { src: '10.9.1.2' })).toBe(true);
  bench.nowMs = 2000;
  expect(bench.matches('-m set --match-set L src', { src: '10.9.1.2' })).toBe(false);
});

test('a network that has timed out hides no shorter one with an interface', () => {
  const bench = new Bench();
  Object.assign(bench.netns, {
    ipsets: ipsets('create S hash:net,iface timeout 0\nadd S 10.9.0.0/16,eth0\nadd S 10.9.1.0/24,lo timeout 5\n'),
  });
  expect(bench.matches('-m set --match-set S src,src', { src: '10.9.1.2' })).toBe(false);
  bench.nowMs = 6000;
  expect(bench.matches('-m set --match-set S src,src', { src: '10.9.1.2' })).toBe(true);
});

test('an address has the station that was added last, until it is taken out', () => {
  const bench = new Bench();
  Object.assign(bench.netns, { ipsets: ipsets('create S bitmap:ip,mac range 10.9.0.0/16\n') });
  const [first, second] = [mac('02:00:00:00:00:aa'), mac('02:00:00:00:00:bb')];
  const from = (smac: Mac): Packet => ({ src: '10.9.1.2', smac });
  const isThere = () => [first, second].map((smac) => bench.matches('-m set --match-set S src,src', from(smac)));
  const change = (rule: string, smac: Mac) => bench.run(table('mangle', `-A FORWARD -j SET ${rule}`), 'FORWARD', from(smac));
  change('--add-set S src,src', first);
  change('--add-set S src,src', second);
  expect(isThere()).toEqual([true, false]);
  change('--add-set S src,src --exist', second);
  expect(isThere()).toEqual([false, true]);
  change('--del-set S src,src', first);
  expect(isThere()).toEqual([false, false]);
});

/** A router of a and b, with one rule and a set S of the station of a. */
function router(rule: string): Lab {
  const lab = new Lab()
    .veth('r/ra', 'a/eth0')
    .veth('r/rb', 'b/eth0')
    .addr('a/eth0', '10.9.1.2/24')
    .iptables('r', `-t mangle -A ${rule} -p icmp -m set --match-set S src,src -j DROP`);
  lab.netns('r').ipsets = ipsets(`create S bitmap:ip,mac range 10.9.0.0/16\nadd S 10.9.1.2,${lab.mac('a/eth0')}\n`);
  return lab;
}

describe('the station of a packet', () => {
  test('is known where it leaves a router', () => {
    const lab = router('POSTROUTING').addr('b/eth0', '10.9.2.2/24').addr('r/ra', '10.9.1.1/24').addr('r/rb', '10.9.2.1/24').forwards('r');
    lab.route('a', 'default via 10.9.1.1').route('b', 'default via 10.9.2.1');
    expect(lab.send('a', 'icmp 10.9.2.2').outcome).toBe('dropped');
  });

  test('is known where it leaves a bridge', () => {
    const lab = router('POSTROUTING').addr('b/eth0', '10.9.1.3/24').bridge('r/br0', ['ra', 'rb']);
    lab.sysctl('r', 'net.bridge.bridge-nf-call-iptables=1');
    expect(lab.send('a', 'icmp 10.9.1.3').outcome).toBe('dropped');
  });

  test.each(['OUTPUT', 'POSTROUTING'])('is not known of what the host itself sends: %s', (chain) => {
    const lab = router(chain).addr('r/ra', '10.9.1.1/24');
    lab.netns('r').ipsets = ipsets(`create S bitmap:ip,mac range 10.9.0.0/16\nadd S 10.9.1.1,${lab.mac('r/ra')}\n`);
    expect(lab.send('a', 'icmp 10.9.1.1').outcome).toBe('replied');
  });
});
