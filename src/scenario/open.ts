import { soundTrace } from '../trace/invariants.ts';
import type { Trace } from '../trace/trace.ts';
import { runAllBranches, runProbe } from '../walk/run-probe.ts';
import type { WalkOptions } from '../walk/walk.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { buildScenario } from './build.ts';
import { loadScenario } from './load.ts';
import { type ProbeRequest, probeOf } from './probe.ts';
import { type Files, NO_FILES } from './source/files.ts';
import { withExpected } from './source/problem.ts';

/** A packet to send, by the names that the command line uses. */
export type TraceRequest = Pick<ProbeRequest, 'from' | 'to'> & Partial<Omit<ProbeRequest, 'from' | 'to'>>;

/** A scenario that packets can be sent through. */
export interface OpenScenario {
  readonly world: FrozenWorld;
  /** The flow state: what earlier packets left behind. */
  readonly session: Session;
  /** Sends one packet; its effects stay in the session. @throws RangeError when an endpoint does not exist */
  trace(request: TraceRequest, options?: WalkOptions): Trace;
  /** The same once for every way that load balancing leaves open. */
  allBranches(request: TraceRequest, options?: WalkOptions): Trace[];
}

/**
 * Builds the World of a scenario text.
 * @param options.files what the text may include; nothing by default
 * @throws SourceError with every problem of the text, each with line and column
 */
export function openScenario(
  text: string,
  options: { readonly file?: string; readonly files?: Files; readonly seed?: number } = {},
): OpenScenario {
  const loaded = loadScenario({ file: options.file ?? 'scenario.yaml', text }, options.files ?? NO_FILES);
  const { world, start } = buildScenario(loaded);
  const session = start(options.seed ?? loaded.scenario.seed ?? 1);
  const probe = (request: TraceRequest): Parameters<typeof runProbe>[2] => {
    const found = probeOf({ proto: null, send: {}, ...request }, world);
    if ('field' in found) throw new RangeError(withExpected(`${found.field}: ${found.message}`, found.expected));
    return found;
  };
  return {
    world,
    session,
    trace: (request, walk = {}) => soundTrace(runProbe(world, session, probe(request), walk)),
    allBranches: (request, walk = {}) => runAllBranches(world, session, probe(request), walk).map(soundTrace),
  };
}
