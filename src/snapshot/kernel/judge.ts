import { DEFAULT_ICMP_ID, DEFAULT_SPORT, DEFAULT_TTL } from '../../walk/walk.ts';
import type { Probe } from '../../walk/probe.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import type { Verdict } from './agreement.ts';
import { compare } from './compare.ts';
import { Helper, type ProbePlan, type StartState } from './helper.ts';
import { planLab, sitesOf } from './plan.ts';
import { layoutOf, readTruth } from './read-truth.ts';
import { sceneOf } from './scene.ts';
import type { TruthProbe } from './truth.ts';
import { Twin } from './twin.ts';

const DEFAULT_SIZE_BYTES = 32;
const SINK_MAC = '02:00:00:00:ff:fe';

export interface JudgeCase {
  readonly world: FrozenWorld;
  readonly session: Session;
  readonly probes: readonly Probe[];
  readonly state: StartState;
}

export interface JudgeOptions {
  /** The processor on which the networks live: each packet crosses its whole network there, one after the other. */
  readonly cpu?: number;
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
    const { world, session, probes, state } = asked;
    const answers = await this.ask(asked);
    const twin = new Twin(world, session, state);
    const scene = sceneOf(world);
    return answers.map(({ truth, atMs }, index): Verdict => {
      const probe = probes[index];
      if (probe === undefined) throw new RangeError('more answers than probes');
      const id = probe.id ?? String(index + 1);
      const run = twin.send(probe, atMs, (one) => compare(truth, one, scene, 'live').length);
      return { id, kernel: truth, trace: run.trace, thrown: null, differences: compare(truth, run, scene, 'live') };
    });
  }

  /** What the kernel does with each probe, and when it got it, in milliseconds since the first. */
  async ask({ world, session, probes, state }: JudgeCase): Promise<{ truth: TruthProbe; atMs: number }[]> {
    const plan = planLab(world, session, this.#helper.baseline, state === 'cold');
    const places = new Map(sitesOf(world).map(({ at }, index) => [at, index]));
    const run = await this.#helper.run(
      plan,
      probes.map((probe) => probePlan(probe, world, places, plan.sinks)),
      state,
    );
    const layout = layoutOf(world);
    return run.truths.flatMap((raw, index) => {
      const probe = probes[index];
      return probe === undefined ? [] : [{ truth: readTruth(raw, probe, world, layout), atMs: raw.sentMs - (run.truths[0]?.sentMs ?? 0) }];
    });
  }

  async close(): Promise<void> {
    await this.#helper.close();
  }
}

function probePlan(
  probe: Probe,
  world: FrozenWorld,
  places: ReadonlyMap<string, number>,
  sinks: readonly { dev: string; at: string; link: string }[],
): ProbePlan {
  const { from } = probe;
  const at = from.kind === 'external' ? '' : `${from.machine}/${from.netns}`;
  const dev = from.kind === 'link' ? from.dev : null;
  const sink = sinks.find((one) => one.at === at && one.link === dev);
  const mac =
    dev === null
      ? undefined
      : sitesOf(world)
          .find((site) => site.at === at)
          ?.netns.links.find(({ name }) => name === dev)?.mac;
  return {
    from: places.get(at) ?? -1,
    proto: probe.proto,
    dst: formatIpv4(probe.dst),
    dport: probe.dport ?? 0,
    sport: probe.sport ?? (probe.proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT),
    src: probe.src === undefined ? null : formatIpv4(probe.src),
    spoof: probe.spoof === undefined ? null : formatIpv4(probe.spoof),
    ttl: probe.ttl ?? DEFAULT_TTL,
    tos: probe.tos ?? 0,
    mark: probe.mark ?? 0,
    size: probe.sizeBytes ?? DEFAULT_SIZE_BYTES,
    df: probe.df ?? false,
    bindDev: probe.bindDev ?? null,
    link: sink === undefined || mac === undefined ? null : { sink: sink.dev, smac: SINK_MAC, dmac: mac },
  };
}
