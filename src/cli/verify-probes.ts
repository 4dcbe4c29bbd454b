import type { LoadedScenario } from '../scenario/load.ts';
import { parseProbeLine } from '../scenario/probe-line.ts';
import { probeOf } from '../scenario/probe.ts';
import { type Stage, runScenario } from '../scenario/run.ts';
import { MAX_LINE_CHARACTERS, linesOf } from './trace-probes.ts';
import type { Probe } from '../walk/probe.ts';
import { DEFAULT_ICMP_ID, DEFAULT_SPORT } from '../walk/walk.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { FrozenWorld } from '../world/world.ts';
import type { OpenedWorld } from './world.ts';

/** Pairs of namespaces that are asked where nobody says what to ask. */
const MAX_PAIRS = 400;

/** A network and what to send in it. */
export interface ProbeSet {
  readonly world: FrozenWorld;
  readonly probes: readonly Probe[];
}

/** What to send, and what of a probe file cannot be sent. */
export interface Asked {
  readonly sets: readonly ProbeSet[];
  readonly bad: readonly string[];
}

/**
 * The probes of a file; else those that the scenario's checks send, in the world of each step; else a ping between all namespaces, and to
 * every socket.
 * @throws SourceError where a step of the scenario cannot be done
 */
export async function probesFor(opened: OpenedWorld, file: string | undefined): Promise<Asked> {
  const { loaded, world } = opened;
  if (file !== undefined) {
    const { probes, bad } = await fromFile(world, file);
    return { sets: [{ world, probes }], bad };
  }
  const sets = loaded === null ? [] : checkProbes(loaded);
  return { sets: sets.length > 0 ? sets : [{ world, probes: pairs(world) }], bad: [] };
}

async function fromFile(world: FrozenWorld, file: string): Promise<{ probes: Probe[]; bad: string[] }> {
  const probes: Probe[] = [];
  const bad: string[] = [];
  let number = 0;
  for await (const line of linesOf(file)) {
    number++;
    if (line?.trim() === '') continue;
    const read =
      line === null
        ? { message: `the line is longer than ${MAX_LINE_CHARACTERS} characters (MAX_LINE_CHARACTERS)` }
        : parseProbeLine(line, world);
    if ('message' in read) bad.push(`${file}:${number}:1: ${read.message}`);
    else probes.push({ sport: firstSport(read.probe), ...read.probe, id: String(read.id ?? number) });
  }
  return { probes, bad };
}

/** The kernel is told a port: it would choose any. */
function firstSport({ proto }: Pick<Probe, 'proto'>): number {
  return proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT;
}

/** What the checks of a scenario send, each from a port of its own, as `podwalk run` does. Hosts that are nothing but an address cannot send. */
function checkProbes(loaded: LoadedScenario): ProbeSet[] {
  const stages: Stage[] = [];
  runScenario(loaded, { stage: (stage) => void stages.push(stage) });
  let count = 0;
  const sets = stages.map(({ world, checks }) => ({
    world,
    probes: checks.flatMap((check): Probe[] => {
      const index = count++;
      const probe = probeOf(check, world);
      if ('field' in probe || probe.from.kind === 'external') return [];
      return [{ sport: firstSport(probe) + index, ...probe, id: `${index + 1} ${[...check.under, check.name].join(' › ')}` }];
    }),
  }));
  return sets.filter(({ probes }) => probes.length > 0);
}

/** A ping between every two namespaces that have an address, and a packet to every socket. */
function pairs(world: FrozenWorld): Probe[] {
  const places = Object.values(world.machines).flatMap((host) =>
    Object.values(host.netns).flatMap((netns) => {
      const address = netns.links.flatMap(({ addresses }) => addresses).find(({ scope }) => scope === 'global')?.local;
      return address === undefined ? [] : [{ machine: host.name, netns: netns.name, address, sockets: netns.sockets }];
    }),
  );
  const probes: Probe[] = [];
  const send = (from: (typeof places)[number], dst: Ipv4, what: Pick<Probe, 'proto' | 'dport'>): void => {
    const label = `netns/${from.machine}/${from.netns}`;
    const sport = firstSport(what) + probes.length;
    probes.push({
      id: String(probes.length + 1),
      label,
      from: { kind: 'netns', machine: from.machine, netns: from.netns },
      dst,
      sport,
      ...what,
    });
  };
  for (const from of places) {
    for (const to of places) {
      if (from === to || probes.length >= MAX_PAIRS) continue;
      send(from, to.address, { proto: 'icmp' });
      const socket = to.sockets.find(({ peer, answers, addr }) => peer === null && answers && (addr === null || addr === to.address));
      if (socket !== undefined) send(from, to.address, { proto: socket.proto, dport: socket.port });
    }
  }
  return probes;
}
