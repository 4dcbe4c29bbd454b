import type { Netns } from '../../linux/netns.ts';
import type { Dice } from './dice.ts';
import { addressesOf, type Flow, type FlowKind, OUTSIDE, PORTS, type Scene, VIRTUAL } from './scene.ts';
import { FLOW_KINDS, FLOW_PROTOCOLS } from './weights.ts';

/** Who will talk to whom, before anybody writes a rule. */
export function drawFlows(scene: Scene): Flow[] {
  const { dice } = scene;
  return Array.from({ length: dice.int(3, 5) }, (_, i) => drawFlow(scene, i));
}

function drawFlow(scene: Scene, i: number): Flow {
  const { dice, hosts, routers } = scene;
  const from = dice.chance(0.85) || routers.length === 0 ? dice.pick(hosts) : dice.pick(routers);
  const proto = dice.weighted(FLOW_PROTOCOLS);
  const dst = destinationOf(scene, from);
  const src = addressesOf(from)[0] ?? '0.0.0.0';
  const sport = proto === 'icmp' ? 100 + i : 40_000 + (dice.chance(0.3) ? 0 : i);
  return { from, proto, src, dst, sport, dport: proto === 'icmp' ? 0 : portOf(dice, proto) };
}

/** Mostly a port on which somebody may listen. */
function portOf(dice: Dice, proto: 'tcp' | 'udp'): number {
  return dice.chance(0.82) ? dice.pick(PORTS[proto]) : dice.pick(PORTS.closed);
}

function destinationOf(scene: Scene, from: Netns): string {
  const { dice, hosts, routers, absent, broadcasts } = scene;
  const others = hosts.filter((host) => host !== from).flatMap(addressesOf);
  const own = addressesOf(from);
  const choices: Record<FlowKind, readonly string[]> = {
    host: others,
    router: routers.filter((router) => router !== from).flatMap(addressesOf),
    virtual: VIRTUAL,
    absent,
    outside: OUTSIDE,
    own,
    broadcast: [...broadcasts, '255.255.255.255'],
    loopback: ['127.0.0.1'],
  };
  return dice.pickOrNull(choices[dice.weighted(FLOW_KINDS)]) ?? dice.pickOrNull(others) ?? dice.pickOrNull(own) ?? '127.0.0.1';
}
