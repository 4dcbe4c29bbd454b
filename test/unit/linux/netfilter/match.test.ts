import { describe, expect, test } from 'vitest';
import { IPS_ASSURED, IPS_CONFIRMED, IPS_DST_NAT } from '../../../../src/linux/conntrack/entry.ts';
import { CT_ESTABLISHED_REPLY, CT_UNTRACKED, PACKET_BROADCAST } from '../../../../src/linux/skb.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { mac } from '../../../../src/wire/mac.ts';
import { Bench, type Packet, ipsets, table, tracked } from './support.ts';

const bench = new Bench();
const tcp80: Packet = {
  proto: 'tcp',
  src: '10.0.0.9',
  dst: '10.1.0.9',
  sport: 40000,
  dport: 80,
  tcpFlags: 2,
  mssBytes: 1460,
  lengthBytes: 60,
  ttl: 63,
};

describe('selectors that every rule has', () => {
  test.each([
    ['-s 10.0.0.0/24', true],
    ['! -s 10.0.0.0/24', false],
    ['-s 0.0.0.9/0.0.0.255', true],
    ['-d 10.1.0.9', true],
    ['! -d 10.1.0.9', false],
    ['-i eth0 -o eth1', true],
    ['-i eth+', true],
    ['-i eth1', false],
    ['! -o eth+', false],
    ['-i +', true],
    ['-p tcp', true],
    ['! -p tcp', false],
    ['-p udp', false],
    ['-f', false],
    ['! -f', true],
  ])('%s: %s', (selectors, expected) => {
    expect(bench.matches(selectors, tcp80)).toBe(expected);
  });

  test('a packet that was not received has the empty in-device', () => {
    expect(bench.matches('-i eth0', tcp80, 'OUTPUT')).toBe(false);
    expect(bench.matches('! -i eth0', tcp80, 'OUTPUT')).toBe(true);
  });

  test('-f picks later fragments', () => {
    expect(bench.matches('-f', { ...tcp80, fragOffsetBytes: 1480 })).toBe(true);
  });
});

describe('matches on headers', () => {
  test.each([
    ['-p tcp --dport 80', true],
    ['-p tcp ! --dport 80', false],
    ['-p tcp --dport 79:81', true],
    ['-p tcp --sport 1024: --dport :1023', true],
    ['-p tcp --syn', true],
    ['-p tcp ! --syn', false],
    ['-p tcp --tcp-flags SYN,ACK SYN', true],
    ['-p tcp --tcp-flags ALL NONE', false],
    ['-p tcp --tcp-option 2', true],
    ['-p tcp --tcp-option 3', true],
    ['-p tcp ! --tcp-option 5', true],
    ['-p tcp -m multiport --dports 22,80,1000:2000', true],
    ['-p tcp -m multiport ! --dports 22,80', false],
    ['-p tcp -m multiport --sports 39999:40001', true],
    ['-p tcp -m multiport --ports 40000', true],
    ['-p tcp -m tcpmss --mss 1400:1500', true],
    ['-m length --length 60', true],
    ['-m length ! --length 0:100', false],
    ['-m ttl --ttl-eq 63', true],
    ['-m ttl --ttl-lt 63', false],
    ['-m ttl --ttl-gt 62', true],
    ['-m ttl ! --ttl-eq 63', false],
    ['-m iprange --src-range 10.0.0.8-10.0.0.10', true],
    ['-m iprange ! --dst-range 10.1.0.9', false],
    ['-m comment --comment "anything"', true],
    ['-m nfacct --nfacct-name ct_state_invalid_dropped_pkts', true],
  ])('%s: %s', (selectors, expected) => {
    expect(bench.matches(selectors, tcp80)).toBe(expected);
  });

  test('ports of a later fragment match nothing, negated or not', () => {
    const fragment = { ...tcp80, fragOffsetBytes: 1480 };
    expect(bench.matches('-p tcp --dport 80', fragment)).toBe(false);
    expect(bench.matches('-p tcp ! --dport 80', fragment)).toBe(false);
    expect(bench.matches('-p tcp -m multiport ! --dports 80', fragment)).toBe(false);
  });

  test('ICMP types by number, code and name', () => {
    const unreachable: Packet = { proto: 'icmp', icmpType: 3, icmpCode: 4 };
    expect(bench.matches('-p icmp --icmp-type 3', unreachable)).toBe(true);
    expect(bench.matches('-p icmp --icmp-type 3/3', unreachable)).toBe(false);
    expect(bench.matches('-p icmp --icmp-type fragmentation-needed', unreachable)).toBe(true);
    expect(bench.matches('-p icmp ! --icmp-type any', unreachable)).toBe(false);
  });

  test('TOS, DSCP and packet type', () => {
    expect(bench.matches('-m tos --tos 0x10/0x3f', { ...tcp80, tos: 0x90 })).toBe(true);
    expect(bench.matches('-m dscp --dscp-class EF', { ...tcp80, tos: 0xb8 })).toBe(true);
    expect(bench.matches('-m pkttype --pkt-type broadcast', { ...tcp80, packetType: PACKET_BROADCAST })).toBe(true);
    expect(bench.matches('-m pkttype --pkt-type broadcast', tcp80)).toBe(false);
  });

  test('a source MAC is known only for received packets', () => {
    const packet = { ...tcp80, smac: mac('02:00:00:00:00:09') };
    expect(bench.matches('-m mac --mac-source 02:00:00:00:00:09', packet)).toBe(true);
    expect(bench.matches('-m mac ! --mac-source 02:00:00:00:00:09', packet, 'OUTPUT')).toBe(false);
  });
});

describe('addrtype', () => {
  test.each([
    ['-m addrtype --dst-type LOCAL', '10.0.0.4', true],
    ['-m addrtype --dst-type LOCAL', '127.0.0.1', true],
    ['-m addrtype --dst-type LOCAL', '10.0.0.5', false],
    ['-m addrtype ! --dst-type LOCAL', '10.0.0.5', true],
    ['-m addrtype --dst-type BROADCAST', '10.0.0.255', true],
    ['-m addrtype --dst-type UNICAST', '8.8.8.8', true],
    ['-m addrtype --dst-type MULTICAST', '224.0.0.1', true],
    ['-m addrtype --dst-type LOCAL --limit-iface-in', '10.0.0.4', true],
    ['-m addrtype --dst-type LOCAL --limit-iface-in', '10.1.0.4', false],
  ])('%s of %s: %s', (selectors, dst, expected) => {
    expect(bench.matches(selectors, { ...tcp80, dst }, 'PREROUTING')).toBe(expected);
  });
});

describe('connections', () => {
  test('a packet without a connection is INVALID, or UNTRACKED after NOTRACK', () => {
    expect(bench.matches('-m conntrack --ctstate INVALID', tcp80)).toBe(true);
    expect(bench.matches('-m conntrack --ctstate UNTRACKED', { ...tcp80, ctInfo: CT_UNTRACKED })).toBe(true);
    expect(bench.matches('-m state --state NEW', tcp80)).toBe(false);
  });

  test('states, also SNAT and DNAT', () => {
    const skb = tracked(bench.skb(tcp80));
    expect(bench.matches('-m conntrack --ctstate NEW', skb)).toBe(true);
    expect(bench.matches('-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT', skb)).toBe(true);
    skb.ct!.status |= IPS_DST_NAT;
    expect(bench.matches('-m conntrack --ctstate DNAT', skb)).toBe(true);
    skb.ctInfo = CT_ESTABLISHED_REPLY;
    expect(bench.matches('-m state --state ESTABLISHED', skb)).toBe(true);
    expect(bench.matches('-m conntrack --ctdir REPLY', skb)).toBe(true);
  });

  test('tuples, status, expiry and protocol', () => {
    const skb = tracked(bench.skb(tcp80));
    skb.ct!.replySrc = ip('10.244.0.5');
    skb.ct!.replySport = 8080;
    skb.ct!.expiresAtMs = 30_000;
    expect(bench.matches('-m conntrack --ctexpire 0', skb), 'of what is in no table yet').toBe(true);
    skb.ct!.status |= IPS_ASSURED | IPS_CONFIRMED;
    expect(bench.matches('-m conntrack --ctorigdst 10.1.0.9 --ctorigdstport 80 --ctreplsrc 10.244.0.0/16 --ctreplsrcport 8080', skb)).toBe(
      true,
    );
    expect(bench.matches('-m conntrack ! --ctorigdst 10.1.0.0/24', skb)).toBe(false);
    expect(bench.matches('-m conntrack --ctstatus ASSURED --ctexpire 20:40 --ctproto tcp', skb)).toBe(true);
    expect(bench.matches('-m conntrack --ctexpire 31:40', skb)).toBe(false);
  });

  test('marks of packets and of connections', () => {
    const skb = tracked(bench.skb({ ...tcp80, mark: 0x4000 }));
    skb.ct!.mark = 7;
    expect(bench.matches('-m mark --mark 0x4000/0x4000', skb)).toBe(true);
    expect(bench.matches('-m mark ! --mark 0x4000/0x4000', skb)).toBe(false);
    expect(bench.matches('-m connmark --mark 3/3', skb)).toBe(true);
    expect(bench.matches('-m connmark ! --mark 9', tcp80)).toBe(false);
  });

  test('a mark with the highest bit set is compared as 32 bits', () => {
    expect(bench.matches('-m mark --mark 0x80000000/0x80000000', { ...tcp80, mark: 0x8000_0001 | 0 })).toBe(true);
  });
});

describe('matches that remember', () => {
  test('nth counts packets', () => {
    const fresh = new Bench();
    const answers = Array.from({ length: 6 }, () => fresh.matches('-m statistic --mode nth --every 3 --packet 0', tcp80));
    expect(answers).toEqual([true, false, false, true, false, false]);
    const other = new Bench();
    expect(Array.from({ length: 3 }, () => other.matches('-m statistic --mode nth --every 3 --packet 2', tcp80))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('a random statistic asks the walk, once and with its odds', () => {
    const fresh = new Bench();
    expect(fresh.matches('-m statistic --mode random --probability 0.25', tcp80)).toBe(true);
    fresh.pick = 1;
    expect(fresh.matches('-m statistic --mode random --probability 0.25', tcp80)).toBe(false);
    expect(fresh.chances).toHaveLength(2);
    expect(fresh.chances[0]).toMatchObject({ what: 'statistic', odds: [0.25, 0.75], at: 'm/root mangle:FORWARD:1' });
  });

  test('certain chances are not asked', () => {
    const fresh = new Bench();
    expect(fresh.matches('-m statistic --mode random --probability 1', tcp80)).toBe(true);
    expect(fresh.matches('-m statistic --mode random --probability 0', tcp80)).toBe(false);
    expect(fresh.chances).toEqual([]);
  });

  test('a recent list remembers addresses for a while', () => {
    const fresh = new Bench();
    const check = '-m recent --rcheck --seconds 60 --name SEP';
    expect(fresh.matches(check, tcp80)).toBe(false);
    expect(fresh.matches('-m recent --set --name SEP', tcp80)).toBe(true);
    expect(fresh.matches(check, tcp80)).toBe(true);
    expect(fresh.matches(check, { ...tcp80, src: '10.0.0.10' })).toBe(false);
    fresh.nowMs = 61_000;
    expect(fresh.matches(`${check} --reap`, tcp80)).toBe(false);
    expect(fresh.session.netfilter.recent.get('SEP')?.size).toBe(0);
  });

  test('a hit count asks for so many packets, and update renews', () => {
    const fresh = new Bench();
    expect(fresh.matches('-m recent --set --name X', tcp80)).toBe(true);
    expect(fresh.matches('-m recent --rcheck --hitcount 2 --name X', tcp80)).toBe(false);
    expect(fresh.matches('-m recent --update --name X', tcp80)).toBe(true);
    expect(fresh.matches('-m recent --rcheck --hitcount 2 --name X', tcp80)).toBe(true);
    expect(fresh.matches('-m recent --remove --name X', tcp80)).toBe(true);
    expect(fresh.matches('-m recent ! --rcheck --name X', tcp80)).toBe(true);
  });

  test('a limit lets a burst pass and refills with time', () => {
    const fresh = new Bench();
    const limit = '-m limit --limit 1/sec --limit-burst 2';
    expect([1, 2, 3].map(() => fresh.matches(limit, tcp80))).toEqual([true, true, false]);
    fresh.nowMs = 1000;
    expect([1, 2].map(() => fresh.matches(limit, tcp80))).toEqual([true, false]);
  });
});

describe('ipsets', () => {
  const fresh = new Bench();
  Object.assign(fresh.netns, {
    ipsets: ipsets(`create nets hash:net family inet
add nets 10.0.0.0/8
add nets 10.0.0.9 nomatch
create hp hash:ip,port family inet
add hp 10.1.0.9,tcp:80
create both list:set size 8
add both nets
add both hp
`),
  });
  test.each([
    ['-m set --match-set nets src', false],
    ['-m set --match-set nets dst', true],
    ['-m set ! --match-set nets dst', false],
    ['-m set --match-set nets src --return-nomatch', true],
    ['-m set --match-set hp dst,dst', true],
    ['-m set --match-set hp dst,src', false],
    ['-m set --match-set hp dst', false],
    ['-m set --match-set both dst,dst', true],
    ['-m set --match-set gone dst', 'unknown'],
  ])('%s: %s', (selectors, expected) => {
    expect(fresh.matches(selectors, tcp80)).toBe(expected);
  });
});

describe('what is not modelled', () => {
  test('a match whose answer is not known makes the packet UNKNOWN only when it is asked', () => {
    const selectors = '-m string --string "GET /" --algo bm';
    expect(bench.matches(`-p tcp ${selectors}`, tcp80)).toBe('unknown');
    expect(bench.matches(`-p udp ${selectors}`, tcp80)).toBe(false);
  });

  // Measured: iptables-nft 1.8.9 compiles both into `payload load 4b @ transport header + 0`, `cmp neq`.
  test.each([
    ['-p tcp ! --sport 40000 ! --dport 81', 'unknown'],
    ['-p tcp ! --sport 40001 ! --dport 80', 'unknown'],
    ['-p tcp ! --sport 40001 ! --dport 81', true],
    ['-p tcp ! --sport 40000 ! --dport 80', false],
    ['-p tcp ! --sport 40000:40001 ! --dport 81', false],
    ['-p tcp ! --sport 40000', false],
    ['-p tcp ! --dport 81', true],
  ] as const)('two negated ports, which iptables-nft may take together: %s: %s', (selectors, expected) => {
    expect(bench.matches(selectors, { ...tcp80, sport: 40_000 })).toBe(expected);
  });

  test('the reason names the match', () => {
    const rules = table('filter', '-A FORWARD -m u32 --u32 "0=0" -j DROP');
    const { env } = bench.run(rules, 'FORWARD', tcp80);
    expect(env.unknownReason).toBe('IPT_MATCH_U32');
    expect(env.unknownText).toContain('-m u32 --u32');
  });
});

describe('who sends', () => {
  test('owner asks the sending socket; packets from elsewhere have none', () => {
    expect(bench.matches('-m owner --uid-owner 0', { ...tcp80, local: true }, 'OUTPUT')).toBe(true);
    expect(bench.matches('-m owner --uid-owner 1000-2000', { ...tcp80, local: true }, 'OUTPUT')).toBe(false);
    expect(bench.matches('-m owner --uid-owner 0', tcp80)).toBe(false);
    expect(bench.matches('-m owner ! --uid-owner 0', tcp80)).toBe(true);
  });

  test('physdev knows bridge ports where br_netfilter runs', () => {
    const info = {
      physIn: 'veth1',
      physOut: 'veth2',
      smac: mac('02:00:00:00:00:01'),
      origDst: ip('10.0.0.1'),
      wasOtherHost: false,
      inPrerouting: false,
      sabotaged: false,
      bridgedDnat: false,
      fragMaxBytes: 0,
    };
    expect(bench.matches('-m physdev --physdev-in veth+ --physdev-is-bridged', { ...tcp80, bridge: info })).toBe(true);
    expect(bench.matches('-m physdev --physdev-out veth1', { ...tcp80, bridge: info })).toBe(false);
    expect(bench.matches('-m physdev --physdev-is-bridged', tcp80)).toBe(false);
    expect(bench.matches('-m physdev ! --physdev-is-bridged', tcp80)).toBe(true);
  });
});

describe('rpfilter', () => {
  test.each([
    ['10.0.0.9', '-m rpfilter', true],
    ['10.1.0.9', '-m rpfilter', false],
    ['10.1.0.9', '-m rpfilter --invert', true],
    ['10.1.0.9', '-m rpfilter --loose', true],
    ['8.8.8.8', '-m rpfilter --loose', false],
    ['10.0.0.4', '-m rpfilter --loose', false],
    ['10.0.0.4', '-m rpfilter --loose --accept-local', true],
  ])('a packet from %s by eth0, %s: %s', (src, selectors, expected) => {
    expect(bench.matches(selectors, { ...tcp80, src }, 'PREROUTING')).toBe(expected);
  });
});
