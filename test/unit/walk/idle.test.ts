import { expect, test } from 'vitest';
import { ACK, RST, Skb, SYN } from '../../../src/linux/skb.ts';
import { crossFabric, type FabricWalk, type Sender } from '../../../src/walk/fabric.ts';
import { newSession } from '../../../src/walk/new-session.ts';
import { nothingObserved } from '../../../src/walk/observed.ts';
import { formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import { TCP } from '../../../src/wire/proto.ts';
import { freeze } from '../../../src/world/freeze.ts';
import { twoVms, withPublicLb } from '../azure/fabrics.ts';

const CLIENT: Sender = { kind: 'external', name: 'internet' };

/** A client outside, a load balancer with two backends, and what arrives at which machine. */
function bench(): { cross: (origin: Sender, skb: Skb, nowMs: number) => void; arrived: string[]; reasons: string[] } {
  const fabric = withPublicLb(twoVms());
  for (const host of fabric.externalHosts) host.machine = 'client';
  const world = freeze({ machines: {}, fabric, cluster: null });
  const session = newSession();
  const arrived: string[] = [];
  const reasons: string[] = [];
  const arrive = (machine: string, { src, sport, tcpFlags }: Skb): boolean => {
    const flags = (tcpFlags & RST) !== 0 ? 'RST' : (tcpFlags & SYN) !== 0 ? 'SYN' : 'ACK';
    arrived.push(`${machine}: ${flags} from ${formatIpv4(src)}:${sport}`);
    return true;
  };
  const cross = (origin: Sender, skb: Skb, nowMs: number): void => {
    const walk: FabricWalk = {
      world,
      session,
      recorder: null,
      chooser: null,
      observed: nothingObserved(),
      nowMs,
      arrive,
      arriveRouted: arrive,
      endedAt: (_at, _skb, reason) => reasons.push(reason),
    };
    crossFabric(walk, origin, skb);
  };
  return { cross, arrived, reasons };
}

function segment(from: string, sport: number, to: string, dport: number, flags: number): Skb {
  const skb = new Skb();
  skb.proto = TCP;
  skb.src = ip(from);
  skb.sport = sport;
  skb.dst = ip(to);
  skb.dport = dport;
  skb.tcpFlags = flags;
  skb.lengthBytes = 40;
  return skb;
}

test('a connection that was idle for longer than the load balancer keeps it: whoever goes on gets a RST from the other end', () => {
  const { cross, arrived, reasons } = bench();
  cross(CLIENT, segment('203.0.113.10', 1000, '20.0.0.10', 80, SYN), 0);
  const backend = arrived[0]?.startsWith('a') === true ? 'a' : 'b';
  expect(arrived).toEqual([expect.stringContaining(': SYN from 203.0.113.10:1000')]);
  cross(CLIENT, segment('203.0.113.10', 1000, '20.0.0.10', 80, ACK), 240_001);
  cross({ kind: 'nic', name: backend }, segment('20.0.0.10', 80, '203.0.113.10', 1000, ACK), 240_002);
  expect(reasons).toEqual(['AZURE_IDLE_EXPIRED', 'AZURE_IDLE_EXPIRED']);
  expect(arrived.slice(1)).toEqual(['client: RST from 20.0.0.10:80', expect.stringContaining('RST from 203.0.113.10:1000')]);
});
