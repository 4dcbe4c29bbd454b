import { describe, expect, test } from 'vitest';
import { setFlags } from '../../../../src/linux/ops/set-link.ts';
import { hostRouterHost } from '../host-router-host.ts';
import { Lab } from '../lab.ts';

/** Two hosts on one wire. */
function pair(): Lab {
  return new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24').listen('b', 'udp/53', 'tcp/80');
}

/** Two hosts with a router between them. */
function routed(): Lab {
  return hostRouterHost().listen('b', 'udp/53');
}

const STRANGER = '02:ff:00:00:00:01';

describe('ARP', () => {
  test('teaches both sides: who asked is reachable, who was asked only saw a claim', () => {
    const lab = pair();
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 reachable']);
    expect(lab.neighbours('b')).toEqual(['eth0 10.0.0.2 delay']);
  });

  test('is not told as a leg where it only resolves an address', () => {
    expect(pair().send('a', 'udp 10.0.0.3:53').legs).toEqual(['request', 'reply']);
  });

  test('that nobody answers ends at the sender itself, with 3/1 from its own address', () => {
    const lab = pair();
    const sent = lab.send('a', 'udp 10.0.0.9:53');
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['icmp-error', 'NEIGH_FAILED', ['3/1 from 10.0.0.2']]);
    expect(sent.text).toBe('ICMP 3/1 host unreachable from 10.0.0.2: dropped at m/a: nobody answered ARP for 10.0.0.9 on eth0');
    expect(sent.legs).toContain('arp');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.9 failed']);
  });

  test('is tried three times, a second apart', () => {
    const lab = pair();
    lab.send('a', 'udp 10.0.0.9:53');
    expect(lab.session.clock.nowMs).toBe(3000);
  });

  test('is tried as often and as fast as the sysctls say', () => {
    const lab = pair().sysctl('a', 'neigh.eth0.mcast_solicit=5', 'neigh.eth0.retrans_time_ms=10');
    lab.send('a', 'udp 10.0.0.9:53');
    expect(lab.session.clock.nowMs).toBe(50);
  });

  test('that nobody answers ends at the router with 3/1 from there', () => {
    const sent = routed().send('a', 'udp 10.0.1.9:53');
    expect([sent.outcome, sent.errors]).toEqual(['icmp-error', ['3/1 from 10.0.0.1']]);
    expect(sent.text).toContain('dropped at m/r: nobody answered ARP for 10.0.1.9 on rb');
  });

  test('that may ask nobody loses the packet at once, and tells nobody', () => {
    const lab = routed().sysctl('r', 'neigh.rb.mcast_solicit=0');
    const sent = lab.send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason, sent.errors, lab.session.clock.nowMs]).toEqual(['dropped', 'NEIGH_FAILED', [], 0]);
    lab.send('b', 'icmp 10.0.1.1');
    expect(lab.send('a', 'udp 10.0.1.2:53').outcome).toBe('replied');
  });

  test('that failed is tried anew with the next packet', () => {
    const lab = pair();
    lab.send('a', 'udp 10.0.0.9:53');
    lab.addr('b/eth0', '10.0.0.9/24');
    expect(lab.send('a', 'udp 10.0.0.9:53').outcome).toBe('replied');
  });

  test('asks in the name of another device where its own has no address', () => {
    const lab = new Lab().veth('r/pod', 'p/eth0').dummy('r/eth0').addr('r/eth0', '10.224.0.4/16').addr('p/eth0', '10.224.0.45/32');
    lab.route('r', '10.224.0.45 dev pod', 'default dev eth0').route('p', '169.254.1.1 dev eth0', 'default via 169.254.1.1');
    lab.sysctl('r', 'conf.pod.proxy_arp=1').forwards('r');
    expect(lab.send('r', 'icmp 10.224.0.45').outcome).toBe('replied');
    expect(lab.neighbours('p')).toEqual(['eth0 10.224.0.4 stale', 'eth0 169.254.1.1 reachable']);
  });
});

describe('a neighbour that is fixed', () => {
  test('needs no ARP', () => {
    const lab = pair();
    lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0')).neigh('b/eth0', '10.0.0.2', lab.mac('a/eth0'));
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
    expect([lab.neighbours('a'), lab.neighbours('b')]).toEqual([[], []]);
  });

  test('with a wrong address sends frames that nobody takes', () => {
    const sent = pair().neigh('a/eth0', '10.0.0.3', STRANGER).send('a', 'udp 10.0.0.3:53');
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['dropped', 'OTHERHOST', []]);
    expect(sent.text).toMatch(/^dropped at m\/b: the frame is for 02:ff:00:00:00:01, not for eth0 \(/);
  });

  test('is not unlearned by what the neighbour says itself', () => {
    const lab = pair().neigh('b/eth0', '10.0.0.2', STRANGER);
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('delivered');
  });
});

describe('a neighbour that was known before', () => {
  test('as STALE is used at once and becomes DELAY', () => {
    const lab = pair();
    lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0'), 'stale');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 delay']);
  });

  test('as STALE with an address that has moved loses packets until somebody asks', () => {
    expect(pair().neigh('a/eth0', '10.0.0.3', STRANGER, 'stale').send('a', 'udp 10.0.0.3:53').reason).toBe('OTHERHOST');
  });

  test('as FAILED is asked for again', () => {
    expect(pair().neigh('a/eth0', '10.0.0.3', STRANGER, 'failed').send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  test('as FAILED is learned from what it asks others, too', () => {
    const lab = new Lab();
    for (const [i, host] of ['a', 'b', 'c'].entries()) lab.veth(`${host}/eth0`, `sw/${host}`).addr(`${host}/eth0`, `10.0.0.${i + 2}/24`);
    lab.bridge('sw/br', ['a', 'b', 'c']).neigh('a/eth0', '10.0.0.4', STRANGER, 'failed');
    expect(lab.send('c', 'icmp 10.0.0.3').outcome).toBe('replied');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.4 stale']);
  });

  test('as FAILED by a way out of the model is assumed to answer', () => {
    const lab = new Lab().outside('a/eth0').addr('a/eth0', '10.0.0.2/24').neigh('a/eth0', '10.0.0.3', STRANGER, 'failed');
    expect(lab.send('a', 'udp 10.0.0.3:53').told('RESOLVED')).toEqual([
      'a RESOLVED 10.0.0.3 dev eth0 is assumed to answer: no machine is at the other end',
    ]);
  });

  test('is forgotten by a cold start', () => {
    const lab = pair().neigh('a/eth0', '10.0.0.3', STRANGER, 'stale');
    lab.session = { ...lab.session, cold: true };
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });
});

describe('a device with arp off', () => {
  const mute = (): Lab => {
    const lab = pair();
    setFlags(lab.netns('a'), 'eth0', { noarp: true });
    return lab;
  };

  test('sends to its own address what no entry is for', () => {
    const sent = mute().send('a', 'udp 10.0.0.3:53');
    expect(sent.header('a', 'tx')?.dmac).toBe(sent.header('a', 'tx')?.smac);
  });

  test.each([
    ['stale', 'delay'],
    ['reachable', 'reachable'],
  ] as const)('uses an entry that somebody put there as %s', (state, then) => {
    const lab = mute();
    lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0'), state).neigh('b/eth0', '10.0.0.2', lab.mac('a/eth0'));
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
    expect(lab.neighbours('a')).toEqual([`eth0 10.0.0.3 ${then}`]);
  });

  test('asks nobody once the entry is in doubt', () => {
    const lab = mute();
    lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0'), 'stale').send('a', 'udp 10.0.0.3:53');
    const sent = lab.wait(10).send('a', 'udp 10.0.0.3:53');
    expect([sent.path, sent.errors]).toEqual(['', ['3/1 from 10.0.0.2']]);
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 failed']);
  });
});

describe('a neighbour and the clock', () => {
  test('is reachable for thirty seconds, then stale', () => {
    const lab = pair();
    lab.send('a', 'udp 10.0.0.3:53');
    lab.wait(30).send('a', 'udp 10.0.0.3:53');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 reachable']);
    lab.wait(1).send('a', 'udp 10.0.0.3:53');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 delay']);
  });

  test('in DELAY is asked again by unicast when nobody confirmed it for five seconds', () => {
    const lab = pair();
    lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0'), 'stale');
    lab.send('a', 'udp 10.0.0.3:53');
    lab.wait(4).send('a', 'udp 10.0.0.3:53');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 delay']);
    lab.wait(2).send('a', 'udp 10.0.0.3:53');
    expect(lab.neighbours('a')).toEqual(['eth0 10.0.0.3 reachable']);
  });

  test('in DELAY that has another address by now is found by broadcast, once unicast has failed', () => {
    const lab = pair().neigh('a/eth0', '10.0.0.3', STRANGER, 'stale');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('dropped');
    expect(lab.wait(6).send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });

  /** On one segment: a knows 10.0.0.9 from before, which d and e both have; b and c are there to be asked for. */
  const claimed = (): { readonly lab: Lab; readonly holder: () => string | undefined } => {
    const lab = new Lab();
    const hosts = ['a', 'b', 'c', 'd', 'e'];
    for (const host of hosts) lab.veth(`${host}/eth0`, `sw/${host}`);
    lab.bridge('sw/br', hosts).addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24').addr('c/eth0', '10.0.0.4/24');
    lab.addr('d/eth0', '10.0.0.9/24').addr('e/eth0', '10.0.0.9/24').neigh('a/eth0', '10.0.0.9', STRANGER, 'stale');
    const dmac = (): string | null => lab.send('a', 'icmp 10.0.0.9').header('a', 'tx')?.dmac ?? null;
    return { lab, holder: () => hosts.find((host) => lab.mac(`${host}/eth0`) === dmac()) };
  };

  test('of the tables has another address as soon as somebody claims it', () => {
    const { lab, holder } = claimed();
    lab.send('d', 'icmp 10.0.0.3');
    expect(holder()).toBe('d');
  });

  test.each([
    [0.4, 'd'],
    [0.8, 'e'],
  ])('that says the same again is believed for a second since the first time: %d s after 0.4 s', (later, whose) => {
    const { lab, holder } = claimed();
    lab.send('d', 'icmp 10.0.0.3');
    lab.wait(0.4).send('d', 'icmp 10.0.0.4');
    lab.wait(later).send('e', 'icmp 10.0.0.3');
    expect(holder()).toBe(whose);
  });

  test('in DELAY that is gone by now ends with 3/1', () => {
    const lab = pair();
    lab.neigh('a/eth0', '10.0.0.3', lab.mac('b/eth0'), 'stale');
    lab.send('a', 'udp 10.0.0.3:53');
    lab.sysctl('b', 'conf.eth0.arp_ignore=8');
    expect(lab.wait(10).send('a', 'udp 10.0.0.3:53').errors).toEqual(['3/1 from 10.0.0.2']);
  });
});

describe('proxy_arp', () => {
  /** The pod has a /32 and a made-up gateway, as Azure's and Calico's plug-ins set it up. */
  function podAndNode(): Lab {
    return new Lab()
      .veth('n/azv', 'p/eth0')
      .veth('n/eth0', 'x/eth0')
      .addr('n/eth0', '10.224.0.4/16')
      .addr('x/eth0', '10.224.0.9/16')
      .addr('p/eth0', '10.224.0.45/32')
      .route('n', '10.224.0.45 dev azv')
      .route('p', '169.254.1.1 dev eth0', 'default via 169.254.1.1')
      .route('x', '10.224.0.45 via 10.224.0.4')
      .listen('x', 'udp/53');
  }

  test('answers for a gateway that nobody holds, where a route leads elsewhere', () => {
    const lab = podAndNode().route('n', 'default via 10.224.0.9').sysctl('n', 'conf.azv.proxy_arp=1').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').outcome).toBe('replied');
  });

  test('answers nothing without a route to the address that is asked for', () => {
    const lab = podAndNode().sysctl('n', 'conf.azv.proxy_arp=1').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').errors).toEqual(['3/1 from 10.224.0.45']);
  });

  test('answers nothing while the host does not forward', () => {
    const lab = podAndNode().route('n', 'default via 10.224.0.9').sysctl('n', 'conf.azv.proxy_arp=1');
    expect(lab.send('p', 'udp 10.224.0.9:53').reason).toBe('NEIGH_FAILED');
  });

  test.each([
    ['0', '5', 'replied'],
    ['5', '6', 'replied'],
    ['5', '5', 'icmp-error'],
    ['5', '-1', 'icmp-error'],
    ['-1', '0', 'icmp-error'],
  ])('with medium_id %s here and %s there: %s', (here, there, outcome) => {
    const lab = podAndNode().route('n', 'default via 10.224.0.9').forwards('n');
    lab.sysctl('n', 'conf.azv.proxy_arp=1', `conf.azv.medium_id=${here}`, `conf.eth0.medium_id=${there}`);
    expect(lab.send('p', 'udp 10.224.0.9:53').outcome).toBe(outcome);
  });

  test('that is off answers nothing', () => {
    const lab = podAndNode().route('n', 'default via 10.224.0.9').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').reason).toBe('NEIGH_FAILED');
  });

  test('answers nothing for an address behind the same device', () => {
    const lab = podAndNode().route('n', 'default dev azv').sysctl('n', 'conf.azv.proxy_arp=1').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').reason).toBe('NEIGH_FAILED');
  });

  test('answers for an address behind the same device with proxy_arp_pvlan', () => {
    const lab = podAndNode().route('n', '169.254.1.1 dev azv').sysctl('n', 'conf.azv.proxy_arp_pvlan=1').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').outcome).toBe('replied');
  });

  test('is not needed for an address that is listed with ip neigh add proxy', () => {
    const lab = podAndNode().route('n', 'default via 10.224.0.9').proxyNeigh('n/azv', '169.254.1.1').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').outcome).toBe('replied');
  });

  test('on all devices at once is conf.all', () => {
    const lab = podAndNode().route('n', 'default via 10.224.0.9').sysctl('n', 'conf.all.proxy_arp=1').forwards('n');
    expect(lab.send('p', 'udp 10.224.0.9:53').outcome).toBe('replied');
  });
});

describe('arp_ignore', () => {
  /** b holds 10.0.0.3 where it is asked, and 10.9.0.1 on another device. */
  const asked = (mode: number, dst: string): string => {
    const lab = pair().dummy('b/other').addr('b/other', '10.9.0.1/24').route('a', '10.9.0.0/24 dev eth0');
    lab.sysctl('b', `conf.eth0.arp_ignore=${mode}`);
    return lab.send('a', `icmp ${dst}`).outcome;
  };

  test('0 answers for every address of the host', () => {
    expect([asked(0, '10.0.0.3'), asked(0, '10.9.0.1')]).toEqual(['replied', 'replied']);
  });

  test('1 answers for addresses of the device only', () => {
    expect([asked(1, '10.0.0.3'), asked(1, '10.9.0.1')]).toEqual(['replied', 'icmp-error']);
  });

  test('2 answers only who asks from the same subnet', () => {
    expect([asked(2, '10.0.0.3'), asked(2, '10.9.0.1')]).toEqual(['replied', 'icmp-error']);
    const lab = pair().sysctl('b', 'conf.eth0.arp_ignore=2').addr('a/eth0', '10.7.0.2/24').route('b', '10.7.0.0/24 dev eth0');
    expect(lab.send('a', 'icmp 10.0.0.3', { src: '10.7.0.2' }).outcome).toBe('icmp-error');
  });

  test('2 takes the subnet of any address of the device', () => {
    const lab = pair().sysctl('b', 'conf.eth0.arp_ignore=2').addr('b/eth0', '10.0.0.9/32');
    expect(lab.send('a', 'icmp 10.0.0.9').outcome).toBe('replied');
  });

  test('3 answers for addresses of every device', () => {
    expect([asked(3, '10.0.0.3'), asked(3, '10.9.0.1')]).toEqual(['replied', 'replied']);
  });

  test('8 answers nobody', () => {
    expect([asked(8, '10.0.0.3'), asked(8, '10.9.0.1')]).toEqual(['icmp-error', 'icmp-error']);
  });
});

describe('arp_announce', () => {
  /** b takes requests only from its own subnet; a sends from an address of another one. */
  const asks = (mode: number): string => {
    const lab = pair().dummy('a/other').addr('a/other', '10.9.0.2/24').route('b', '10.9.0.0/24 dev eth0');
    lab.sysctl('a', `conf.eth0.arp_announce=${mode}`);
    const sent = lab.send('a', 'icmp 10.0.0.3', { src: '10.9.0.2' });
    return `${sent.outcome} ${lab.neighbours('b').join(', ')}`;
  };

  test('0 asks with the source of the packet', () => {
    expect(asks(0)).toBe('replied eth0 10.9.0.2 delay');
  });

  test.each([1, 2])('%i asks with an address of the subnet', (mode) => {
    expect(asks(mode)).toContain('eth0 10.0.0.2 stale');
  });
});

describe('arp_filter', () => {
  test('answers only where the way back leads', () => {
    const lab = pair().dummy('b/other').addr('b/other', '10.9.0.1/24').route('b', '10.0.0.2 dev other');
    expect(lab.send('a', 'icmp 10.0.0.3', { sport: 1 }).outcome).toBe('delivered');
    lab.fresh().sysctl('b', 'conf.eth0.arp_filter=1');
    expect(lab.send('a', 'icmp 10.0.0.3', { sport: 2 }).reason).toBe('NEIGH_FAILED');
  });
});

test('a router with several ways to a host answers ARP for it by who asks, not by whom it is about', () => {
  /** Whether r, asked by a, says that it is each of a number of hosts that lie behind either of two wires, one of them a's. */
  const answersOf = (seed: number): boolean[] => {
    const lab = hostRouterHost()
      .fresh(seed)
      .route('a', '10.9.0.0/16 dev eth0')
      .route('r', '10.9.0.0/16 nexthop via 10.0.0.9 nexthop via 10.0.1.2')
      .sysctl('r', 'conf.ra.proxy_arp=1');
    const hosts = [1, 2, 3, 4, 5, 6];
    for (const host of hosts) lab.send('a', `icmp 10.9.0.${host}`);
    return hosts.map((host) => lab.neighbours('a').includes(`eth0 10.9.0.${host} reachable`));
  };
  const seen = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((seed) => answersOf(seed).join(' ')));
  expect([...seen].sort()).toEqual([Array.from({ length: 6 }, () => false).join(' '), Array.from({ length: 6 }, () => true).join(' ')]);
});
