import { describe, expect, test } from 'vitest';
import { hostRouterHost } from '../host-router-host.ts';
import type { Lab } from '../lab.ts';

/** Two hosts with a router between them, with rules. */
function routed(...rules: readonly string[]): Lab {
  return hostRouterHost()
    .listen('b', 'udp/53', 'tcp/80')
    .listen('r', 'udp/53')
    .iptables('r', ...rules);
}

describe('REJECT', () => {
  test.each([
    ['', '3/3'],
    ['--reject-with icmp-net-unreachable', '3/0'],
    ['--reject-with icmp-host-unreachable', '3/1'],
    ['--reject-with icmp-proto-unreachable', '3/2'],
    ['--reject-with icmp-port-unreachable', '3/3'],
    ['--reject-with icmp-net-prohibited', '3/9'],
    ['--reject-with icmp-host-prohibited', '3/10'],
    ['--reject-with icmp-admin-prohibited', '3/13'],
  ])('%s tells the sender', (how, error) => {
    const sent = routed(`-A FORWARD -p udp -j REJECT ${how}`.trim()).send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['icmp-error', 'NETFILTER_DROP', [`${error} from 10.0.0.1`]]);
  });

  test('names the rule', () => {
    expect(routed('-A FORWARD -p udp -j REJECT').send('a', 'udp 10.0.1.2:53').text).toBe(
      'ICMP 3/3 port unreachable from 10.0.0.1: dropped at m/r: filter:FORWARD[1] -p udp -j REJECT --reject-with icmp-port-unreachable',
    );
  });

  test('with tcp-reset resets the connection', () => {
    const sent = routed('-A FORWARD -p tcp -j REJECT --reject-with tcp-reset').send('a', 'tcp 10.0.1.2:80');
    expect([sent.outcome, sent.legs, sent.pathOf('reset')]).toEqual(['reset', ['request', 'reset'], 'r >ra, a eth0>']);
    expect(sent.text).toBe('a RST came back: dropped at m/r: filter:FORWARD[1] -p tcp -j REJECT --reject-with tcp-reset');
  });

  test('comes in the name of the address that was asked, where it is the host itself', () => {
    const lab = routed('-A INPUT -p udp -j REJECT');
    expect(lab.send('a', 'udp 10.0.1.1:53').errors).toEqual(['3/3 from 10.0.1.1']);
  });

  test('sends its error through OUTPUT and POSTROUTING before its own step', () => {
    const sent = routed('-A FORWARD -p udp -j REJECT', '-A OUTPUT -p icmp -j ACCEPT').send('a', 'udp 10.0.1.2:53');
    expect(sent.rules).toEqual(['r filter:OUTPUT[1]', 'r filter:FORWARD[1]']);
  });

  test('whose error OUTPUT drops is a silent drop', () => {
    const sent = routed('-A FORWARD -p udp -j REJECT', '-A OUTPUT -p icmp -j DROP').send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
    expect(sent.text).toContain('filter:FORWARD[1]');
  });

  test('in OUTPUT fails the send call of a local process, and tells it why', () => {
    const sent = routed('-A OUTPUT -p udp -j REJECT').send('r', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.errno, sent.errors]).toEqual(['send-error', 'EPERM', ['3/3 from 10.0.1.1']]);
  });

  test('in OUTPUT refuses a connect() by the error alone', () => {
    const sent = routed('-A OUTPUT -p tcp -j REJECT').send('r', 'tcp 10.0.1.2:80');
    expect([sent.outcome, sent.errno, sent.errors]).toEqual(['icmp-error', null, ['3/3 from 10.0.1.1']]);
  });

  test('in OUTPUT of a packet for the host itself comes from the address that was asked', () => {
    const sent = routed('-A OUTPUT -p udp -j REJECT').send('r', 'udp 10.0.1.1:53', { src: '10.0.0.1' });
    expect(sent.errors).toEqual(['3/3 from 10.0.1.1']);
    const redirected = routed('-t nat -A OUTPUT -p udp -j REDIRECT', '-A OUTPUT -p udp -s 10.0.0.0/16 -j REJECT');
    expect(redirected.send('r', 'udp 10.0.1.2:53').errors).toEqual(['3/3 from 10.0.1.2']);
  });

  test('in OUTPUT with tcp-reset resets a local connect()', () => {
    expect(routed('-A OUTPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset').send('r', 'tcp 10.0.1.2:80').outcome).toBe('reset');
  });

  test('of a packet whose service has no endpoint comes from the service address', () => {
    const lab = routed('-A FORWARD -d 10.96.0.1 -p tcp -j REJECT').route('r', 'default via 10.0.1.2');
    expect(lab.send('a', 'tcp 10.96.0.1:80').errors).toEqual(['3/3 from 10.0.0.1']);
  });

  test('is not answered for a later fragment', () => {
    const sent = routed('-A FORWARD -f -j REJECT').send('a', 'udp 10.0.1.2:53', { sizeBytes: 3000, df: false });
    // The receiver gives up on what came through.
    expect(sent.errors).toEqual(['11/1 from 10.0.1.2']);
  });
});

describe('DROP', () => {
  test('in FORWARD is silent, and names its rule', () => {
    const sent = routed('-A FORWARD -s 10.0.0.0/24 -p udp -m udp --dport 53 -j DROP').send('a', 'udp 10.0.1.2:53');
    expect([sent.outcome, sent.reason, sent.path]).toEqual(['dropped', 'NETFILTER_DROP', 'a >eth0, r ra>']);
    expect(sent.text).toBe('dropped at m/r: filter:FORWARD[1] -s 10.0.0.0/24 -p udp -m udp --dport 53 -j DROP');
  });

  test('by a policy names the chain', () => {
    const sent = routed('-P FORWARD DROP').send('a', 'udp 10.0.1.2:53');
    expect(sent.text).toBe('dropped at m/r: the policy DROP of filter:FORWARD');
  });

  test.each([
    ['udp 10.0.1.2:53', 'send-error', 'EPERM'],
    ['icmp 10.0.1.2', 'send-error', 'EPERM'],
    ['tcp 10.0.1.2:80', 'dropped', null],
  ])('in OUTPUT: %s is %s', (what, outcome, errno) => {
    const sent = routed('-A OUTPUT -j DROP').send('r', what);
    expect([sent.outcome, sent.errno]).toEqual([outcome, errno]);
  });

  test('in OUTPUT names its rule in the send error', () => {
    expect(routed('-A OUTPUT -j DROP').send('r', 'udp 10.0.1.2:53').text).toBe(
      'the send call fails with EPERM: dropped at m/r: filter:OUTPUT[1] -j DROP',
    );
  });

  test('in POSTROUTING fails the send call, too', () => {
    expect(routed('-t mangle -A POSTROUTING -j DROP').send('r', 'udp 10.0.1.2:53').errno).toBe('EPERM');
  });

  test('in PREROUTING comes before routing: no error for want of a route', () => {
    const sent = routed('-t raw -A PREROUTING -p udp -j DROP').send('a', 'udp 10.7.0.1:53');
    expect([sent.outcome, sent.errors]).toEqual(['dropped', []]);
  });
});

describe('tables and hooks', () => {
  test('are asked in the order of the kernel, there and back', () => {
    const chains = {
      raw: ['PREROUTING', 'OUTPUT'],
      mangle: ['PREROUTING', 'FORWARD', 'INPUT', 'OUTPUT', 'POSTROUTING'],
      filter: ['INPUT', 'FORWARD', 'OUTPUT'],
    };
    const rules = Object.entries(chains).flatMap(([table, names]) => names.map((chain) => `-t ${table} -A ${chain} -p icmp -j ACCEPT`));
    expect(routed(...rules).send('a', 'icmp 10.0.1.2').rules).toEqual(
      [1, 2].flatMap(() =>
        ['raw:PREROUTING', 'mangle:PREROUTING', 'mangle:FORWARD', 'filter:FORWARD', 'mangle:POSTROUTING'].map((at) => `r ${at}[1]`),
      ),
    );
    expect(routed(...rules).send('a', 'icmp 10.0.0.1').rules).toEqual(
      [
        'raw:PREROUTING',
        'mangle:PREROUTING',
        'mangle:INPUT',
        'filter:INPUT',
        'raw:OUTPUT',
        'mangle:OUTPUT',
        'filter:OUTPUT',
        'mangle:POSTROUTING',
      ].map((at) => `r ${at}[1]`),
    );
  });

  test('a rule that only marks is one step, and the mark is seen by the next rule', () => {
    const sent = routed('-A FORWARD -p udp -j MARK --set-mark 5', '-A FORWARD -m mark --mark 5 -j DROP').send('a', 'udp 10.0.1.2:53');
    expect(sent.rules).toEqual(['r filter:FORWARD[1]', 'r filter:FORWARD[2]']);
    expect(sent.told('MARKED')).toHaveLength(1);
  });

  test('a mark that OUTPUT sets routes the packet anew, with the source that it had', () => {
    const lab = routed('-t mangle -A OUTPUT -p udp -j MARK --set-mark 5')
      .veth('r/rc', 'c/eth0')
      .addr('r/rc', '10.3.0.1/24')
      .addr('c/eth0', '10.3.0.2/24');
    lab
      .route('r', 'default via 10.3.0.2 table 100', '10.20.0.0/16 via 10.0.1.2')
      .rule('r', 'fwmark 5 lookup 100')
      .dummy('c/net')
      .addr('c/net', '10.20.0.1/24');
    lab.listen('c', 'udp/53');
    const sent = lab.send('r', 'udp 10.20.0.1:53');
    expect([sent.path, sent.seen]).toEqual(['r >rc, c eth0>', 'c 10.0.1.1:40000 > 10.20.0.1:53 ttl 64']);
  });

  test('what is not modelled is unknown to the packet that meets it, and only to that', () => {
    const lab = routed('-A FORWARD -p udp -m geoip --source-country DE -j DROP');
    const sent = lab.send('a', 'udp 10.0.1.2:53');
    expect(sent.outcome).toBe('unknown');
    expect(sent.text).toBe(
      'm/r: the match -m geoip --source-country DE is not modelled: filter:FORWARD[1] -p udp -m geoip --source-country DE -j DROP',
    );
    expect(lab.send('a', 'tcp 10.0.1.2:80').outcome).toBe('replied');
  });
});
