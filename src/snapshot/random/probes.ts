import type { Probe } from '../../walk/probe.ts';
import { ip } from '../../wire/ipv4.ts';
import { MACHINE } from './lab.ts';
import { addressesOf, devicesOf, type Flow, type Scene } from './scene.ts';

const PROBES_PER_CASE = 8;

/** The packets to send, in order: the flows of the scene with what a sender may choose beside. */
export function drawProbes(scene: Scene): Probe[] {
  const used = new Set<string>();
  return Array.from({ length: PROBES_PER_CASE }, (_, i) => drawProbe(scene, i, used));
}

/**
 * A port from which this host has not sent yet: what a listener remembers of a connection that came to nothing outlives all that can be
 * flushed. Other hosts may use the same.
 */
function freePort(used: Set<string>, host: string, wanted: number): number {
  let port = wanted;
  while (used.has(`${host} ${port}`)) port++;
  used.add(`${host} ${port}`);
  return port;
}

function drawProbe(scene: Scene, i: number, used: Set<string>): Probe {
  const { dice, flows } = scene;
  const flow = i < flows.length && dice.chance(0.8) ? (flows[i] ?? dice.pick(flows)) : dice.pick(flows);
  const { from, proto, dst, dport } = flow;
  const sport = proto === 'tcp' ? freePort(used, from.name, flow.sport) : flow.sport;
  return {
    id: `p${i}`,
    label: `netns/${MACHINE}/${from.name}`,
    from: { kind: 'netns', machine: MACHINE, netns: from.name },
    proto,
    dst: ip(dst),
    sport,
    ...(proto === 'icmp' ? {} : { dport }),
    ...choicesOf(scene, flow),
  };
}

type Choices = { -readonly [K in keyof Probe]?: Probe[K] };

function choicesOf(scene: Scene, { from, proto }: Flow): Choices {
  const { dice, owned } = scene;
  const probe: Choices = {};
  if (dice.chance(0.12)) probe.ttl = dice.pick([1, 1, 2, 2, 3, 4, 255]);
  if (proto !== 'tcp' && dice.chance(0.3)) {
    probe.sizeBytes = dice.pick([0, 1, 100, 1000, 1252, 1253, 1372, 1373, 1472, 1473, 2000, 3000, 4500]);
    const df = dice.pick([true, true, false, 'auto'] as const);
    if (df !== false) probe.df = df;
  }
  if (dice.chance(0.15)) probe.mark = dice.pick([1, 2, 3, 4, 0x10, 0x4000]);
  if (dice.chance(0.12)) probe.tos = dice.pick([4, 8, 16, 0x10, 0x48, 0xb8]);
  if (dice.chance(0.08)) {
    const src = dice.pickOrNull(addressesOf(from));
    if (src !== null) probe.src = ip(src);
  }
  if (dice.chance(0.05)) probe.bindDev = dice.pick(devicesOf(from));
  if (dice.chance(0.07) && probe.src === undefined && probe.df !== 'auto') {
    probe.spoof = ip(dice.pick([...owned, '10.99.9.9', '192.0.2.1', '127.0.0.2']));
  }
  return probe;
}
