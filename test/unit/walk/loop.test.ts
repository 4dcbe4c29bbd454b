import { describe, expect, test } from 'vitest';
import { Lab } from '../linux/lab.ts';

/** Hosts a and b, each at a bridge of its own; the bridges are joined by as many wires as asked for. */
function joinedBridges(wires: number): Lab {
  const lab = new Lab().veth('a/eth0', 'one/a').veth('b/eth0', 'two/b').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24');
  const ends = Array.from({ length: wires }, (_, i) => `w${i}`);
  for (const end of ends) lab.veth(`one/${end}`, `two/${end}`);
  return lab
    .bridge('one/br', ['a', ...ends])
    .bridge('two/br', ['b', ...ends])
    .listen('b', 'udp/53');
}

/** Routers that send what they do not know to one another, behind a host. */
function ring(...routers: readonly string[]): Lab {
  const lab = new Lab().veth('a/eth0', `${routers[0]}/a`).addr('a/eth0', '10.0.0.2/24').addr(`${routers[0]}/a`, '10.0.0.1/24');
  lab.route('a', 'default via 10.0.0.1');
  routers.forEach((router, i) => {
    const next = routers[(i + 1) % routers.length] ?? '';
    lab.veth(`${router}/next`, `${next}/prev`).addr(`${router}/next`, `10.1.${i}.1/24`).addr(`${next}/prev`, `10.1.${i}.2/24`);
  });
  routers.forEach((router, i) => {
    lab.route(router, `192.168.0.0/16 via 10.1.${i}.2`).forwards(router);
    const [first] = routers;
    if (i > 0 && first !== undefined) lab.route(router, `10.0.0.0/24 via 10.1.${i - 1}.1`);
  });
  return lab;
}

describe('a layer-2 loop', () => {
  test('of two bridges with two wires between them ends as loop, for a broadcast', () => {
    const sent = joinedBridges(2).send('a', 'udp 10.0.0.255:53');
    expect([sent.outcome, sent.reason]).toEqual(['loop', 'LOOP']);
  });

  test.each([2, 3, 12])('of two bridges with %i wires between them ends as loop, for a packet that asks ARP first', (wires) => {
    const sent = joinedBridges(wires).send('a', 'udp 10.0.0.3:53');
    expect([sent.outcome, sent.reason]).toEqual(['loop', 'LOOP']);
    expect(sent.text).toMatch(/^m\/(one|two): layer-2 loop: a frame that br flooded comes back by w\d+$/);
  });
});

describe('a routing loop', () => {
  test('ends by its TTL, and the text names the routers', () => {
    const sent = ring('r1', 'r2').send('a', 'udp 192.168.1.1:53');
    expect(sent.errors).toEqual(['11/0 from 10.1.0.2']);
    expect(sent.text).toBe('ICMP 11/0 TTL exceeded from 10.1.0.2: routing loop between m/r1 and m/r2: dropped at m/r2: the TTL ends here');
  });

  test('of more routers names them all, in the order of the packet', () => {
    expect(ring('r1', 'r2', 'r3').send('a', 'udp 192.168.1.1:53').text).toContain('routing loop between m/r2, m/r3 and m/r1:');
  });

  test('is named where no error comes back, too', () => {
    const lab = ring('r1', 'r2').iptables('r2', '-A OUTPUT -p icmp -j DROP');
    const sent = lab.send('a', 'udp 192.168.1.1:53');
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'IP_INHDR']);
    expect(sent.text).toMatch(/^routing loop between m\/r1 and m\/r2: dropped at m\/r2/);
  });

  test('is not what a TTL ends by that is simply too small', () => {
    const sent = ring('r1', 'r2').send('a', 'udp 192.168.1.1:53', { ttl: 2 });
    expect(sent.text).toBe('ICMP 11/0 TTL exceeded from 10.1.0.2: dropped at m/r2: the TTL ends here');
  });

  test('of the reply is told when the request was delivered', () => {
    const lab = ring('r1', 'r2').veth('r2/b', 'b/eth0').addr('r2/b', '192.168.0.1/24').addr('b/eth0', '192.168.0.2/24');
    lab.route('b', 'default via 192.168.0.1').listen('b', 'udp/53').unroute('r2', '10.0.0.0/24').route('r2', 'default via 10.1.1.2');
    lab.unroute('r1', '10.0.0.0/24').route('r1', '10.0.0.0/24 via 10.1.0.2');
    const sent = lab.send('a', 'udp 192.168.0.2:53');
    expect(sent.outcome).toBe('delivered');
    expect(sent.text).toContain('; routing loop between m/r2 and m/r1: reply dropped at m/r1: the TTL ends here');
  });
});

describe('a walk without an end', () => {
  test('is UNKNOWN when ARP is to be asked for more often than a walk may do anything', () => {
    const lab = new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').down('b/eth0');
    lab.sysctl('a', 'neigh.eth0.mcast_solicit=2000000000');
    expect(lab.send('a', 'udp 10.0.0.9:53').reason).toBe('WALK_BUDGET');
  });

  test('leaves nothing half done for the next probe', () => {
    const lab = joinedBridges(2);
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('loop');
    expect(lab.neighbours('a')).toEqual([]);
    lab.down('one/w1');
    expect(lab.send('a', 'udp 10.0.0.3:53').outcome).toBe('replied');
  });
});
