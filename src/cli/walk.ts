import { soundTrace } from '../trace/invariants.ts';
import type { Trace } from '../trace/trace.ts';
import type { Probe } from '../walk/probe.ts';
import { runAllBranches, runProbe } from '../walk/run-probe.ts';
import type { Session } from '../world/session.ts';
import type { Detail } from '../report/trace/detail.ts';
import type { RequestProblem } from '../scenario/probe.ts';
import { withExpected } from '../scenario/source/problem.ts';
import { UsageError } from './exit.ts';
import type { OpenedWorld } from './world.ts';

/** What the flags of `trace` say about walking. */
export interface WalkFlags {
  readonly seed?: number;
  readonly detail: Detail;
  readonly allBranches?: true;
  readonly maxBranches: number;
  readonly fresh?: true;
  readonly cold?: true;
}

/** A session in the state of the source. */
export function sessionFor({ seed, start }: OpenedWorld, flags: WalkFlags): Session {
  return { ...start(flags.seed ?? seed), cold: flags.cold === true };
}

/** What is wrong with a probe that the command line asks for, by the option that says it. */
export function refused({ field, message, expected }: RequestProblem): UsageError {
  return new UsageError(`--${field}: ${withExpected(message, expected)}`);
}

/** The traces of one probe, each checked before it is handed out. */
export function walkProbe({ world }: OpenedWorld, session: Session, probe: Probe, flags: WalkFlags): Trace[] {
  const options = { record: flags.detail === 'detailed' ? 'detailed' : 'summary' } as const;
  const traces =
    flags.allBranches === true
      ? runAllBranches(world, session, probe, options, flags.maxBranches)
      : [runProbe(world, session, probe, options)];
  return traces.map(soundTrace);
}
