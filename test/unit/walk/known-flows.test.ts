import { describe, expect, it } from 'vitest';
import { compileNetns } from '../../../src/linux/compiled-netns.ts';
import { exceptionName } from '../../../src/linux/fib/exception-name.ts';
import { TABLE_MAIN } from '../../../src/linux/route.ts';
import type { Probe } from '../../../src/walk/probe.ts';
import { walk } from '../../../src/walk/walk.ts';
import { ANY, formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import type { Session } from '../../../src/world/session.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';
import { build, freshSession, probeFor } from '../../property/support/built.ts';
import { leftBehind, noticed } from '../../property/support/noticed.ts';
import { after } from '../../property/support/operations.ts';

const CLUSTER = {
  name: 'two nodes',
  cluster: { mode: 'overlay' as const, nodes: 2 },
  pods: [
    { name: 'client', node: 'node-0' },
    { name: 'other', node: 'node-0' },
    { name: 'server', node: 'node-1', listens: ['udp/53', 'tcp/80'] },
  ],
};

function worldWith(...steps: readonly Record<string, unknown>[]): FrozenWorld {
  let world = build(CLUSTER);
  for (const step of steps) {
    const changed = after(world, step, freshSession(world));
    expect(changed).not.toBe(world);
    world = changed;
  }
  return world;
}

/** Sends packets of one flow from the client, unrecorded: each must fare as a recorded one, whatever came before. */
function fares(
  world: FrozenWorld,
  packets: readonly (Partial<Probe> & { readonly afterMs?: number; readonly before?: (session: Session) => void })[],
): string[] {
  const probe = probeFor(world, { from: 'pod/default/client', to: 'pod/default/server:53', proto: 'udp' });
  if (probe === null) throw new Error('no such flow');
  const outcomes: string[] = [];
  const [bare, recorded] = [freshSession(world), freshSession(world)];
  for (const { afterMs = 0, before, ...how } of packets) {
    const [one, other] = ([bare, recorded] as const).map((session) => {
      session.clock.nowMs += afterMs;
      before?.(session);
      return walk(world, session, { ...probe, ...how }, { record: session === bare ? 'none' : 'summary' });
    });
    if (one === undefined || other === undefined) throw new Error('no walk');
    expect(noticed(one)).toBe(noticed(other));
    outcomes.push(one.outcome);
  }
  expect(leftBehind(bare)).toBe(leftBehind(recorded));
  return outcomes;
}

function rules(table: string, ...lines: readonly string[]): Record<string, unknown> {
  return { 'apply-iptables': { on: 'node/node-0', text: `*${table}\n${lines.join('\n')}\nCOMMIT\n` } };
}

function probeFrom(pod: string): Probe {
  const probe = probeFor(build(CLUSTER), { from: `pod/default/${pod}`, to: `pod/default/${pod}:53`, proto: 'udp' });
  if (probe === null) throw new Error(`no pod ${pod}`);
  return probe;
}

function fromPod(pod: string): Probe['from'] {
  return probeFrom(pod).from;
}

function addressOf(pod: string): string {
  return formatIpv4(probeFrom(pod).dst);
}

describe('a packet of a known flow', () => {
  it('that is longer than the way takes is refused', () => {
    const world = worldWith({ 'set-mtu': { on: 'node/node-0', dev: 'eth0', mtu: 1400 } });
    expect(fares(world, [{}, { sport: 30_000, sizeBytes: 1420, df: true }, { sport: 30_001, sizeBytes: 1420 }, {}])).toEqual([
      'replied',
      'icmp-error',
      'replied',
      'replied',
    ]);
  });

  it.each([
    ['source port', '-p udp -m udp --sport 40001', { sport: 40_001 }],
    ['destination port', '-p udp -m udp --dport 54', { dport: 54 }],
    ['TOS', '-m tos --tos 0x10/0xff', { tos: 0x10 }],
    ['TTL', '-m ttl --ttl-lt 40', { ttl: 40 }],
    ['length', '-m length --length 1000:1500', { sizeBytes: 1000 }],
  ])('that differs in its %s meets a rule that reads it', (_, selector, packet) => {
    const world = worldWith(rules('filter', `-I FORWARD ${selector} -j DROP`));
    // Connections of their own, so that conntrack tells them all NEW.
    const packets = [{ sport: 30_000 }, { sport: 30_001, ...packet }, { sport: 30_002 }];
    expect(fares(world, packets)).toEqual(['replied', 'dropped', 'replied']);
  });

  it('that comes from somebody else, goes to somebody else, by another protocol, meets a rule that reads it', () => {
    const [client, other] = ['client', 'other'].map((name) => addressOf(name));
    for (const selector of [`-s ${other}`, '-p tcp', `-s ${client} -p udp`]) {
      const world = worldWith(rules('filter', `-I FORWARD ${selector} -j DROP`));
      const from = fromPod('other');
      const packets: Partial<Probe>[] = [
        { sport: 30_000 },
        { sport: 30_001, from },
        { sport: 30_002, proto: 'tcp', dport: 80 },
        { sport: 30_003 },
      ];
      expect(fares(world, packets)).toHaveLength(packets.length);
      expect(fares(world, packets.toReversed())).toHaveLength(packets.length);
    }
  });

  it('meets a rule that does not always answer alike every time', () => {
    const world = worldWith(rules('filter', '-I FORWARD -m statistic --mode nth --every 4 --packet 0 -j DROP'));
    expect(fares(world, [{}, {}, {}, {}])).toEqual(['dropped', 'replied', 'delivered', 'replied']);
  });

  it('heeds what errors taught of its way', () => {
    const world = worldWith();
    const { from } = probeFrom('client');
    const redirect = (session: Session): void => {
      if (from.kind !== 'netns') throw new Error('the client is a pod');
      const tables = world.machines[from.machine]?.netns[from.netns];
      const [route] = tables === undefined ? [] : (compileNetns(tables).fib.tables.get(TABLE_MAIN)?.exactly(ANY, 0) ?? []);
      if (route === undefined) throw new Error('the client has no default route');
      session.netns.get(`${from.machine}/${from.netns}`)?.redirects.set(exceptionName(ip(addressOf('server')), route), {
        from: ip('169.254.1.1'),
        gateway: ip('169.254.1.2'),
        expiresAtMs: 300_000,
      });
    };
    // Whichever next hop is asked for, the node answers: the neighbours that are left behind tell.
    expect(fares(world, [{ sport: 30_000 }, { sport: 30_001, before: redirect }])).toEqual(['replied', 'replied']);
    // The table of ways is the World's: what one session learned is not in it.
    expect(fares(world, [{ sport: 30_000, before: redirect }, { sport: 30_001 }])).toHaveLength(2);
    expect(fares(world, [{ sport: 30_000 }])).toEqual(['replied']);
  });

  it('calls forth the error that any other does when nobody answers for its next hop', () => {
    const world = worldWith(
      { 'set-sysctl': { on: 'node/node-1', name: 'net.ipv4.icmp_errors_use_inbound_ifaddr', value: 1 } },
      { 'set-sysctl': { on: 'pod/default/server', name: 'net.ipv4.conf.all.arp_ignore', value: 8 } },
    );
    expect(fares(world, [{ sport: 30_000 }, { sport: 30_001 }])).toEqual(['icmp-error', 'icmp-error']);
  });

  it('begins a new connection where the old one is forgotten', () => {
    const world = worldWith({ 'set-sysctl': { on: 'node/node-0', name: 'net.netfilter.nf_conntrack_max', value: 1 } });
    expect(fares(world, [{}, { sport: 40_001 }, { sport: 40_001, afterMs: 200_000 }])).toEqual(['replied', 'unknown', 'replied']);
  });

  it('gets another port where somebody has its own', () => {
    // The other pod is translated to the client's address and port, which the client then finds taken.
    const [to, from] = ['client', 'other'].map((name) => addressOf(name));
    const world = worldWith(rules('nat', `-A POSTROUTING -s ${from} -p udp -m udp --dport 53 -j SNAT --to-source ${to}`));
    expect(fares(world, [{ from: fromPod('other') }, {}, { sport: 40_001 }])).toHaveLength(3);
  });
});
