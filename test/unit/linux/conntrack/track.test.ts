import { describe, expect, test } from 'vitest';
import { entryOf } from '../../../../src/linux/conntrack/record.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { TCP } from '../../../../src/wire/proto.ts';
import { hostRouterHost } from '../host-router-host.ts';
import type { Lab } from '../lab.ts';

/** Two hosts with a router between them, whose rules use conntrack. */
function routed(...rules: readonly string[]): Lab {
  return hostRouterHost()
    .listen('b', 'udp/53', 'tcp/80')
    .iptables('r', ...rules);
}

const state = (states: string, target = 'DROP') => `-A FORWARD -m conntrack --ctstate ${states} -j ${target}`;

describe('conntrack', () => {
  test('is off in a namespace until a rule needs it', () => {
    const lab = routed('-A FORWARD -p udp -j ACCEPT', '-t nat -A POSTROUTING -j ACCEPT', '-t raw -A PREROUTING -p tcp -j CT --notrack');
    lab.send('a', 'udp 10.0.1.2:53');
    expect(lab.conntrack('r')).toEqual([]);
  });

  test.each([
    state('INVALID'),
    '-t mangle -A FORWARD -m connmark --mark 1 -j DROP',
    '-t nat -A POSTROUTING -o nowhere -j MASQUERADE',
    '-t nat -A PREROUTING -d 10.9.9.9 -j DNAT --to-destination 10.0.1.2',
    '-t mangle -A PREROUTING -j CONNMARK --save-mark',
  ])('is on with a rule such as %s', (rule) => {
    const lab = routed(rule);
    lab.send('a', 'udp 10.0.1.2:53');
    expect(lab.conntrack('r')).toEqual(['udp 10.0.0.2:40000>10.0.1.2:53 / 10.0.1.2:53>10.0.0.2:40000 seen-reply']);
  });

  test('is of one namespace: the others know nothing', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'udp 10.0.1.2:53');
    expect([lab.conntrack('a'), lab.conntrack('b')]).toEqual([[], []]);
  });

  test('knows the first packet as NEW and the answer as ESTABLISHED', () => {
    expect(routed(state('NEW')).send('a', 'udp 10.0.1.2:53').reason).toBe('NETFILTER_DROP');
    const sent = routed(state('ESTABLISHED')).send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.text]).toEqual([
      'delivered',
      'delivered to m/b as 10.0.0.2:40000 -> 10.0.1.2:53; reply dropped at m/r: filter:FORWARD[1] -m conntrack --ctstate ESTABLISHED -j DROP',
    ]);
  });

  test('knows a later packet of a flow that was answered as ESTABLISHED', () => {
    const lab = routed('-A FORWARD -m conntrack --ctstate ESTABLISHED -m conntrack --ctdir ORIGINAL -j DROP');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('dropped');
  });

  test('knows an ICMP error as RELATED to the connection that it is about', () => {
    const lab = routed(state('RELATED'));
    const sent = lab.send('a', 'udp 10.0.1.2:99');
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
    expect(sent.told('TRACKED').at(-1)).toBe('r TRACKED RELATED to udp 10.0.0.2:40000 -> 10.0.1.2:99');
  });

  test('keeps an unanswered entry when ARP fails behind it', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'udp 10.0.1.9:53');
    expect(lab.conntrack('r')).toEqual(['udp 10.0.0.2:40000>10.0.1.9:53 / 10.0.1.9:53>10.0.0.2:40000']);
  });

  test('keeps no entry for a packet that was dropped before it left', () => {
    const lab = routed(state('NEW'));
    lab.send('a', 'udp 10.0.1.2:53');
    expect(lab.conntrack('r')).toEqual([]);
  });

  test('tells pings apart by their identifier', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'icmp 10.0.1.2', { sport: 7 });
    lab.send('a', 'icmp 10.0.1.2', { sport: 8 });
    expect(lab.conntrack('r')).toEqual([
      'icmp 10.0.0.2>10.0.1.2 id 7 / 10.0.1.2>10.0.0.2 id 7 seen-reply',
      'icmp 10.0.0.2>10.0.1.2 id 8 / 10.0.1.2>10.0.0.2 id 8 seen-reply',
    ]);
  });
});

describe('a TCP connection', () => {
  test('is assured by the third packet of its handshake', () => {
    const lab = routed(state('INVALID'));
    expect(lab.send('a', 'tcp 10.0.1.2:80').legs).toEqual(['request', 'reply', 'ack']);
    expect(lab.conntrack('r')).toEqual(['tcp 10.0.0.2:40000>10.0.1.2:80 / 10.0.1.2:80>10.0.0.2:40000 seen-reply assured']);
  });

  test('that is refused leaves no entry: a RST deletes one that nobody answered', () => {
    const lab = routed(state('INVALID'));
    const sent = lab.send('a', 'tcp 10.0.1.2:81');
    expect([sent.outcome, sent.legs]).toEqual(['reset', ['request', 'reset']]);
    expect(lab.conntrack('r')).toEqual([]);
  });

  test('takes a SYN again as its own while it lasts', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'tcp 10.0.1.2:80');
    expect(lab.send('a', 'tcp 10.0.1.2:80').outcome).toBe('replied');
    expect(lab.conntrack('r')).toHaveLength(1);
  });

  test('whose answer was never seen is INVALID to the host that sees only the answer', () => {
    // The SYN goes around the router, the SYN-ACK through it.
    const lab = routed(state('INVALID')).veth('a/direct', 'b/direct').addr('a/direct', '10.5.0.2/24').addr('b/direct', '10.5.0.3/24');
    lab.route('a', '10.0.1.0/24 via 10.5.0.3');
    const sent = lab.send('a', 'tcp 10.0.1.2:80', { src: '10.0.0.2' });
    expect([sent.outcome, sent.told('TRACKED')]).toEqual(['delivered', ['r TRACKED INVALID: belongs to no connection']]);
  });
});

describe('the time of an entry', () => {
  test('of an unanswered UDP flow is thirty seconds', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'udp 10.0.1.9:53');
    expect(lab.wait(26).conntrack('r')).toHaveLength(1);
    expect(lab.wait(2).conntrack('r')).toEqual([]);
  });

  test('of a UDP stream is two minutes, and it is assured', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'udp 10.0.1.2:53');
    lab.wait(3).send('a', 'udp 10.0.1.2:53');
    expect(lab.conntrack('r')[0]).toContain('seen-reply assured');
    expect(lab.wait(100).conntrack('r')).toHaveLength(1);
    expect(lab.wait(21).conntrack('r')).toEqual([]);
  });

  test('of a TCP connection is five days, or what kube-proxy sets', () => {
    const lab = routed(state('INVALID'));
    lab.send('a', 'tcp 10.0.1.2:80');
    expect(lab.wait(431_000).conntrack('r')).toHaveLength(1);
    lab.fresh().sysctl('r', 'net.netfilter.nf_conntrack_tcp_timeout_established=86400');
    lab.send('a', 'tcp 10.0.1.2:80');
    expect(lab.wait(86_300).conntrack('r')).toHaveLength(1);
    expect(lab.wait(200).conntrack('r')).toEqual([]);
  });

  test('that has passed makes the next packet NEW', () => {
    const lab = routed('-A FORWARD -m conntrack --ctstate ESTABLISHED -m conntrack --ctdir ORIGINAL -j DROP');
    lab.send('a', 'udp 10.0.1.2:53');
    expect(lab.wait(31).send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  });
});

describe('NOTRACK', () => {
  test('keeps a packet out of conntrack and of the nat table', () => {
    const lab = routed('-t raw -A PREROUTING -p udp -j NOTRACK', '-t nat -A POSTROUTING -j MASQUERADE');
    const sent = lab.send('a', 'udp 10.0.1.2:53');
    expect([sent.seen, lab.conntrack('r')]).toEqual(['b 10.0.0.2:40000 > 10.0.1.2:53 ttl 63', []]);
    expect(sent.rules.filter((rule) => rule.includes('nat:'))).toEqual([]);
  });

  test('makes the packet UNTRACKED to rules', () => {
    const lab = routed('-t raw -A PREROUTING -p udp -j CT --notrack', state('UNTRACKED'));
    expect(lab.send('a', 'udp 10.0.1.2:53').reason).toBe('NETFILTER_DROP');
    expect(lab.send('a', 'tcp 10.0.1.2:80').outcome).toBe('replied');
  });
});

describe('fragments', () => {
  const big = { sizeBytes: 3000, df: false } as const;

  test('cross a namespace without conntrack one by one, each seen by the rules', () => {
    const lab = routed('-A FORWARD -p udp -j ACCEPT');
    const sent = lab.send('a', 'udp 10.0.1.2:53', big);
    expect([sent.outcome, sent.leg('request')?.fragments]).toEqual(['replied', 3]);
    expect(sent.steps.filter(({ kind, step }) => kind === 'request' && step.rule !== undefined)).toHaveLength(3);
  });

  test('are put together where conntrack is on, and cut again', () => {
    const lab = routed('-A FORWARD -m conntrack --ctstate NEW -j ACCEPT');
    const sent = lab.send('a', 'udp 10.0.1.2:53', big);
    expect(sent.outcome).toBe('replied');
    expect(sent.steps.filter(({ kind, step }) => kind === 'request' && step.rule !== undefined)).toHaveLength(1);
    expect(sent.told('RECEIVED')).toContain('r RECEIVED put together from 3 fragments');
  });

  test('have ports only in the first: a rule for a port lets the others pass', () => {
    const lab = routed('-A FORWARD -p udp --dport 53 -j DROP');
    const sent = lab.send('a', 'udp 10.0.1.2:53', big);
    expect([sent.outcome, sent.rules]).toEqual(['dropped', ['r filter:FORWARD[1]']]);
  });

  test('but the first match -f', () => {
    const sent = routed('-A FORWARD -f -j ACCEPT').send('a', 'udp 10.0.1.2:53', big);
    expect(sent.steps.filter(({ kind, step }) => kind === 'request' && step.rule !== undefined)).toHaveLength(2);
  });

  test('of a datagram are delivered as one', () => {
    expect(routed().send('a', 'udp 10.0.1.2:53', big).seen).toBe('b 10.0.0.2:40000 > 10.0.1.2:53 ttl 63');
  });
});

test('who ended a connection that a listing says is CLOSE is not known, and decides about a SYN', () => {
  const lab = routed(state('INVALID'));
  lab.send('b', 'udp 10.0.0.2:53');
  const orig = { src: ip('10.0.0.2'), dst: ip('10.0.1.2'), sport: 40_000, dport: 80 };
  const reply = { src: orig.dst, dst: orig.src, sport: orig.dport, dport: orig.sport };
  const listed = {
    proto: TCP,
    orig,
    reply,
    icmpType: null,
    seenReply: true,
    assured: false,
    tcpState: 'CLOSE',
    mark: 0,
    timeoutSeconds: 10,
  };
  lab.session.netns.get('m/r')?.conntrack.insert(entryOf(listed, 0));
  expect(lab.send('a', 'tcp 10.0.1.2:80').reason).toBe('CONNTRACK_HISTORY');
  expect(lab.send('a', 'tcp 10.0.1.2:81').outcome).toBe('reset');
});
