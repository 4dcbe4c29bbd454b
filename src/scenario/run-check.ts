import type { Probe } from '../walk/probe.ts';
import { runAllBranches, runProbe } from '../walk/run-probe.ts';
import { DEFAULT_ICMP_ID, DEFAULT_SPORT } from '../walk/walk.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld, World } from '../world/world.ts';
import { soundTrace } from '../trace/invariants.ts';
import type { Trace } from '../trace/trace.ts';
import { allows } from './check/outcome.ts';
import { list } from './check/expectations.ts';
import { judge, judgeBackends } from './check/judges.ts';
import type { Mismatch, Names } from './check/judge.ts';
import type { PlannedCheck } from './plan.ts';
import { type RequestProblem, probeOf } from './probe.ts';
import type { CheckResult, Verdict } from './result.ts';
import type { Problem } from './source/problem.ts';

/** What every check of a run has in common. */
export interface CheckContext {
  readonly world: FrozenWorld;
  readonly session: Session;
  readonly names: Names;
  /** How many walks the session has seen: each is a connection of its own unless the check names its source port. */
  readonly walks: number;
  /** Also take down near misses. */
  readonly detailed: boolean;
  /** Keep the walks of checks that passed. */
  readonly keepTraces: boolean;
}

/** Walks one check and judges it; a problem where it names something that this world does not have. */
export function runCheck(check: PlannedCheck, context: CheckContext): CheckResult | Problem {
  const { world, session, names } = context;
  const problem = unknownName(check, names);
  if (problem !== null) return problem;
  const asked = probeOf(check, world);
  if ('field' in asked) return requestProblem(check, asked);
  const probe = { ...asked, sport: asked.sport ?? freshSport(asked, context.walks) };
  const options = { record: context.detailed ? 'detailed' : 'summary' } as const;
  const traces = check.allBranches ? runAllBranches(world, session, probe, options) : [runProbe(world, session, probe, options)];
  const mismatches = judgeAll(check, traces, names);
  const verdict = verdictOf(check, traces, mismatches);
  const { name, under, place } = check;
  const outcomes = traces.map(({ outcome, reason, text }) => ({ outcome, reason, text }));
  return {
    name,
    under,
    place,
    verdict,
    mismatches,
    outcomes,
    traces: verdict === 'pass' && !context.keepTraces ? [] : traces.map(soundTrace),
  };
}

const SPORTS = 20_000;

/** The source port (for ICMP the identifier) of the next connection of a client that has made so many. */
function freshSport({ proto }: Probe, walks: number): number {
  return (proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT) + (walks % SPORTS);
}

/** What a check names that this world does not have. */
export function requestProblems(check: PlannedCheck, world: World, names: Names): Problem[] {
  const probe = probeOf(check, world);
  const unknown = unknownName(check, names);
  return [...('field' in probe ? [requestProblem(check, probe)] : []), ...(unknown === null ? [] : [unknown])];
}

function requestProblem({ place }: PlannedCheck, { field, message, expected }: RequestProblem): Problem {
  return { ...place, message: `${field}: ${message}`, expected };
}

function unknownName({ expectations, place }: PlannedCheck, names: Names): Problem | null {
  const { seenSource = [], backend = [], backends = [], reply } = expectations;
  const { via = [], notVia = [], replyVia = [], hops = [], replyHops = [], rule = [], notRule = [] } = expectations;
  for (const [field, wanted] of Object.entries({
    seenSource: list(seenSource),
    backend: list(backend),
    backends,
    reply: typeof reply === 'string' ? [reply] : [],
  })) {
    const name = wanted.find((one) => names.addresses(one) === null && !SOCKET.test(one) && names.place(one) === one);
    if (name !== undefined) return { ...place, message: `${field}: there is no ${name}`, expected: 'an endpoint or an address' };
  }
  for (const [field, wanted] of Object.entries({ via: list(via), notVia: list(notVia), replyVia: list(replyVia), hops, replyHops })) {
    const name = wanted.find((one) => !names.hasPlace(one));
    if (name !== undefined)
      return {
        ...place,
        message: `${field}: there is no place ${name}`,
        expected: 'MACHINE, MACHINE/NETNS, MACHINE/NETNS/DEV, fabric or an endpoint',
      };
  }
  for (const [field, wanted] of Object.entries({ rule: list(rule), notRule: list(notRule) })) {
    const name = wanted.find((one) => !names.hasRule(one));
    if (name !== undefined)
      return {
        ...place,
        message: `${field}: there is no rule ${name}`,
        expected: 'TABLE:CHAIN, nsg:NAME/RULE, route:PREFIX or svc NAMESPACE/NAME',
      };
  }
  return null;
}

/** An address with a port. */
const SOCKET = /^[\d.]+:\d+$/;

function judgeAll({ expectations }: PlannedCheck, traces: readonly Trace[], names: Names): Mismatch[] {
  const mismatches = traces.flatMap((trace) => judge(expectations, trace, names));
  const backends = expectations.backends === undefined ? null : judgeBackends(expectations.backends, traces, names);
  return backends === null ? mismatches : [...mismatches, backends];
}

/** A walk that could not be decided decides nothing, unless that is what was expected of it. */
function verdictOf({ expectations }: PlannedCheck, traces: readonly Trace[], mismatches: readonly Mismatch[]): Verdict {
  const undecided = traces.some(({ outcome }) => outcome === 'unknown');
  const wanted =
    expectations.expect !== undefined && list(expectations.expect).includes('unknown') && allows(list(expectations.expect), 'unknown');
  if (undecided && !wanted) return 'unknown';
  return mismatches.length === 0 ? 'pass' : 'fail';
}
