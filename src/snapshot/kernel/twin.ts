import { createNetnsSession } from '../../linux/netns-session.ts';
import type { NetnsSession } from '../../linux/netns-session.ts';
import type { ConntrackEntry } from '../../trace/trace.ts';
import { entryView } from '../../walk/conntrack-view.ts';
import { cloneSession } from '../../walk/new-session.ts';
import type { Probe } from '../../walk/probe.ts';
import type { PortsOfFlows } from '../../walk/seen-ports.ts';
import type { ToldPorts } from '../../walk/told-ports.ts';
import { traceOf } from '../../walk/trace-of.ts';
import { type Walk, type WalkOptions, walk } from '../../walk/walk.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import type { TwinRun } from './twin-run.ts';
import type { StartState } from './helper.ts';
import { Histories } from './histories.ts';
import { sitesOf } from './plan.ts';
import type { TruthNeighbour } from './truth.ts';

/** Nobody waits for fragments that are lost, half a minute long; a neighbour that does not answer takes three seconds. */
const PATIENCE_MS = 10_000;

/** Before any probe. */
const OVER = Number.NEGATIVE_INFINITY;

/** What the twin cannot know by itself of how a probe fared: when the kernel got it, how long it was busy, which hashes it has. */
export interface Circumstances {
  readonly atMs: number;
  readonly tookMs?: number;
  readonly tunnelPorts?: PortsOfFlows;
  /** To which ports NAT translated what began with it. */
  readonly natPorts?: ToldPorts;
}

/** The twin of a network in the running kernel: it gets the same probes at the same times, and forgets what the kernel forgets. */
export class Twin {
  readonly #start: Session;
  readonly #state: StartState;
  readonly #tickMs: number;
  readonly #histories: Histories;
  #first = true;
  #longestMs = 0;

  /** @param tickMs how often the clock of the kernel's timers moves */
  constructor(start: Session, state: StartState, tickMs = 0) {
    this.#start = start;
    this.#state = state;
    this.#tickMs = tickMs;
    this.#histories = new Histories(this.#fresh());
  }

  /**
   * Sends the next probe.
   * @param world what it finds; somebody may have changed something since the last
   * @param given times are in milliseconds since the first probe
   * @param differs how far a run is from what the kernel did. Where load balancing leaves ways open, the nearest one is taken.
   */
  send(
    world: FrozenWorld,
    probe: Probe,
    { atMs, tookMs = 0, tunnelPorts, natPorts }: Circumstances,
    differs: (run: TwinRun) => number,
  ): TwinRun {
    const goesOn = this.#state === 'shared' || this.#first;
    this.#first = false;
    // Of two moments each may lie anywhere in the time that its probe took.
    this.#longestMs = Math.max(this.#longestMs, tookMs);
    const errorMs = this.#tickMs + 2 * this.#longestMs;
    const options: WalkOptions = {
      record: 'detailed',
      patienceMs: PATIENCE_MS,
      tapped: true,
      watched: true,
      ...(tunnelPorts === undefined ? {} : { tunnelPorts }),
      ...(natPorts === undefined ? {} : { toldPorts: natPorts }),
    };
    return this.#histories.send((before, fixed) => {
      const session = goesOn ? cloneSession(before) : this.#again(before);
      session.clock.nowMs = Math.max(session.clock.nowMs, this.#start.clock.nowMs + atMs);
      session.clock.errorMs = errorMs;
      const walked = walk(world, session, probe, options, fixed);
      const run = runOf(world, walked, session);
      if (run.gap !== null) doubtRates(world, session);
      return { run, session, distance: differs(run), alternatives: walked.chooser?.alternatives() ?? [] };
    });
  }

  #fresh(): Session {
    const session = cloneSession(this.#start);
    return this.#state === 'cold' ? { ...session, netns: new Map(), cold: true } : session;
  }

  /** The state to start from again. The kernel's memory of ICMP rates outlives whatever is flushed, neighbours of the tables are not, an exception stays, empty, and so does which default route was taken last. */
  #again(last: Session): Session {
    const session = this.#fresh();
    for (const [at, { errorBuckets, ratesInDoubt, usedNeighbours, defaults, redirects, pathMtus }] of last.netns) {
      const netns = sessionAt(session, at);
      netns.ratesInDoubt = ratesInDoubt;
      for (const used of usedNeighbours) netns.usedNeighbours.add(used);
      for (const [route, order] of defaults) netns.defaults.set(route, order);
      for (const [way, redirect] of redirects) netns.redirects.set(way, { ...redirect, expiresAtMs: OVER });
      for (const [way, pathMtu] of pathMtus) netns.pathMtus.set(way, { ...pathMtu, expiresAtMs: OVER });
      for (const [peer, bucket] of errorBuckets) netns.errorBuckets.set(peer, { ...bucket });
    }
    return session;
  }
}

function sessionAt({ netns, cold }: Session, at: string): NetnsSession {
  const known = netns.get(at);
  if (known !== undefined) return known;
  const session = createNetnsSession(at);
  session.cold = cold;
  netns.set(at, session);
  return session;
}

/** Whom the kernel told what of a probe that is UNKNOWN to the twin, nobody can say. */
function doubtRates(world: FrozenWorld, session: Session): void {
  for (const { at } of sitesOf(world)) sessionAt(session, at).ratesInDoubt = true;
}

function runOf(world: FrozenWorld, walked: Walk, session: Session): TwinRun {
  const conntrack = new Map<string, ConntrackEntry[]>();
  const neighbours = new Map<string, TruthNeighbour[]>();
  for (const { at, netns } of sitesOf(world)) {
    const taught = session.netns.get(at);
    const entries = taught?.conntrack.list(session.clock.nowMs) ?? [];
    if (entries.length > 0) conntrack.set(at, entries.map(entryView));
    const rows = new Map(session.cold ? [] : lasting(netns.neighbours).map((row) => [`${row.dev} ${row.ip}`, row]));
    for (const row of learned(taught)) rows.set(`${row.dev} ${row.ip}`, row);
    if (rows.size > 0) neighbours.set(at, [...rows.values()]);
  }
  const met = new Map([...(walked.observed.tracked ?? [])].map(([at, entries]) => [at, [...entries].map(entryView)]));
  const { redirected, unknown } = walked.observed;
  return {
    trace: traceOf(walked),
    gap: unknown?.reason ?? null,
    redirected,
    frames: walked.recorder?.taps ?? [],
    conntrack,
    met,
    neighbours,
  };
}

/** The entries of the tables that were learned before. */
function lasting(neighbours: FrozenWorld['machines'][string]['netns'][string]['neighbours']): TruthNeighbour[] {
  return neighbours
    .filter(({ state, mac }) => state === 'failed' || (mac !== null && (state === 'reachable' || state === 'stale' || state === 'delay')))
    .map(({ dev, ip, mac, state }) => ({ dev, ip: formatIpv4(ip), mac: state === 'failed' ? null : mac, state }));
}

function learned(session: NetnsSession | undefined): TruthNeighbour[] {
  if (session === undefined) return [];
  return [...session.neighbours].flatMap(([dev, entries]) =>
    [...entries.values()].map(({ ip, mac, state }) => ({ dev, ip: formatIpv4(ip), mac, state })),
  );
}
