import type { Probe } from '../../walk/probe.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { type Edit, worldsOf } from './edits.ts';
import type { Verdict } from './agreement.ts';
import { type Difference, compare } from './compare.ts';
import type { TwinRun } from './twin-run.ts';
import { Helper, type StartState } from './helper.ts';
import { planLab, sitesOf } from './plan.ts';
import { planProbe } from './plan/probe.ts';
import { layoutOf, readTruth } from './read-truth.ts';
import { routeDifferences } from './routes.ts';
import { sectionsOf } from './sections.ts';
import { sceneOf } from './scene.ts';
import type { TruthProbe } from './truth.ts';
import { natPorts } from './nat-ports.ts';
import { portsOfAll } from './tunnel-ports.ts';
import { type Circumstances, Twin } from './twin.ts';

/** Every timer of the kernel that a probe may set is longer; where the processor was away for so long, what was due first may come last. */
const STALL_MS = 5;
/** Where no way that the twin knows is the kernel's, one that it does not know may be. */
const UNKNOWN_DISTANCE = 0.5;
/** Of a probe that the twin knows all about, in a state that it does not know. */
const AFTER_UNKNOWN = 'AFTER_UNKNOWN';
/** How often a network is built again because the processor was away. */
const MAX_TRIES = 4;

export interface JudgeCase {
  readonly world: FrozenWorld;
  readonly session: Session;
  readonly probes: readonly Probe[];
  readonly state: StartState;
  /** What somebody changes between the probes, while what packets left behind stays. */
  readonly edits?: readonly Edit[];
}

export interface JudgeOptions {
  /** The processor on which the networks live: each packet crosses its whole network there, one after the other. */
  readonly cpu?: number;
}

/** What the kernel did. */
export interface Answers {
  readonly truths: readonly { readonly probe: Probe; readonly truth: TruthProbe; readonly given: Circumstances }[];
  readonly tickMs: number;
  /** Where its tables, before the first packet, are not those of the World. */
  readonly tables: readonly Difference[];
}

/** Puts cases before the running kernel and before the twin. */
export class Judge {
  readonly #helper: Helper;

  private constructor(helper: Helper) {
    this.#helper = helper;
  }

  static async start({ cpu = 0 }: JudgeOptions = {}): Promise<Judge> {
    return new Judge(await Helper.start('python3', cpu));
  }

  /**
   * Sends the probes through the kernel and through the twin, and compares.
   * @throws CannotBuild when the kernel cannot be made to look like the World
   */
  async judge(asked: JudgeCase): Promise<readonly Verdict[]> {
    return verdictsOf(await this.ask(asked), asked);
  }

  /**
   * What the kernel does with each probe.
   * @throws CannotBuild when the kernel cannot be made to look like the World
   */
  async ask({ world, session, probes, state, edits = [] }: JudgeCase): Promise<Answers> {
    const plan = planLab(world, session, this.#helper.baseline, state === 'cold');
    const sites = sitesOf(world);
    const asked = probes.map((probe, index) =>
      planProbe(
        probe,
        sites,
        plan.sinks,
        edits.filter(({ before }) => before === index),
      ),
    );
    let { truths, routes } = await this.#helper.run(plan, asked, state);
    for (let tries = 1; tries < MAX_TRIES && truths.some(({ stallMs }) => stallMs > STALL_MS); tries++)
      ({ truths, routes } = await this.#helper.run(plan, asked, state));
    const layout = layoutOf(world);
    const ports = portsOfAll(truths);
    return {
      truths: truths.map((raw, index) => {
        const probe = probes[index];
        const tunnelPorts = ports[index];
        if (probe === undefined || tunnelPorts === undefined) throw new RangeError('more answers than probes');
        const atMs = raw.sentMs - (truths[0]?.sentMs ?? 0);
        const tookMs = (raw.frames.at(-1)?.[0] ?? 0) / 1e6;
        return { probe, truth: readTruth(raw, probe, world, layout), given: { atMs, tookMs, tunnelPorts, natPorts: natPorts(raw) } };
      }),
      tickMs: this.#helper.tickMs,
      tables: routeDifferences(world, routes),
    };
  }

  /** `uname -r` of the kernel that is asked. */
  get release(): string {
    return this.#helper.release;
  }

  async close(): Promise<void> {
    this.#helper.close();
    return Promise.resolve();
  }
}

/** Sends the probes through the twin as well, at the same times, and compares it with what the kernel did. */
export function verdictsOf({ truths, tables, tickMs }: Answers, asked: JudgeCase): Verdict[] {
  const { world, session, probes, state, edits = [] } = asked;
  const twin = new Twin(session, state, tickMs);
  const worlds = worldsOf({ world, probes, edits });
  const scene = sceneOf(world);
  let astray = false;
  return truths.map(({ probe, truth, given }, index): Verdict => {
    const differing = (one: TwinRun): readonly Difference[] => compare(truth, one, scene, 'live');
    // Where copies of a packet are beyond the twin, what became of them is; that it agrees all the same counts.
    const isUnknown = (one: TwinRun): boolean => one.trace.outcome === 'unknown' || (one.gap !== null && differing(one).length > 0);
    const distance = (one: TwinRun): number => (isUnknown(one) ? UNKNOWN_DISTANCE : differing(one).length);
    const run = twin.send(worlds[index] ?? world, probe, given, distance);
    const verdict = { id: probe.id ?? String(index + 1), kernel: truth, trace: run.trace, thrown: null };
    // What the twin does not know cannot be compared; where probes share their state, neither can what comes after.
    astray = isUnknown(run) || (astray && state === 'shared');
    if (astray) return { ...verdict, trace: { ...run.trace, outcome: 'unknown', reason: run.gap ?? AFTER_UNKNOWN }, differences: [] };
    // The tables were there before the first packet.
    const differences = [...(index === 0 ? tables : []), ...differing(run)];
    return { ...verdict, differences, ...(differences.length === 0 ? {} : { sections: sectionsOf(truth, run, scene) }) };
  });
}
