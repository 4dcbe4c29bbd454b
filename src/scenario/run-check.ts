import { addressesOf } from '../aks/endpoint.ts';
import { type EndpointProblem, isProblem, parseEndpoint } from '../aks/endpoint/syntax.ts';
import type { Probe } from '../walk/probe.ts';
import { runAllBranches, runProbe } from '../walk/run-probe.ts';
import { DEFAULT_ICMP_ID, DEFAULT_SPORT } from '../walk/walk.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld, World } from '../world/world.ts';
import { soundTrace } from '../trace/invariants.ts';
import type { Trace } from '../trace/trace.ts';
import { allows } from './check/outcome.ts';
import { type Expectations, list } from './check/expectations.ts';
import { judge, judgeBackends } from './check/judges.ts';
import type { Mismatch, Names } from './check/judge.ts';
import { type PlaceNames, placeNames } from './places.ts';
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

/** Walks one check and judges it; the first of {@link requestProblems} where it names something that this world does not have. */
export function runCheck(check: PlannedCheck, context: CheckContext): CheckResult | Problem {
  const { world, session, names } = context;
  const [problem] = unknownNames(check, names);
  if (problem !== undefined) return problem;
  const asked = probeOf(check, world);
  if ('field' in asked) return requestProblem(check, asked);
  const probe = { ...asked, sportFrom: freshSport(asked, context.walks) };
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
    places: verdict === 'pass' && !context.keepTraces ? NO_PLACES : namesIn(world),
    traces: verdict === 'pass' && !context.keepTraces ? [] : traces.map(soundTrace),
  };
}

const NO_PLACES: PlaceNames = new Map();
/** Many checks may fail in the same world. */
const known = new WeakMap<FrozenWorld, PlaceNames>();

function namesIn(world: FrozenWorld): PlaceNames {
  let names = known.get(world);
  if (names === undefined) known.set(world, (names = placeNames(world)));
  return names;
}

const SPORTS = 20_000;

/** The source port (for ICMP the identifier) of the next connection of a client that has made so many. */
function freshSport({ proto }: Probe, walks: number): number {
  return (proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT) + (walks % SPORTS);
}

/** Everything that a check names and this world does not have. */
export function requestProblems(check: PlannedCheck, world: World, names: Names): Problem[] {
  const probe = probeOf(check, world);
  const wrong = 'field' in probe ? [probe] : [];
  // The sender decides what a target means, so the target was not looked at.
  const target = wrong.some(({ field }) => field === 'from') ? noTarget(check.to, world) : null;
  if (target !== null) wrong.push({ ...target, field: 'to' });
  return [...wrong.map((one) => requestProblem(check, one)), ...unknownNames(check, names)];
}

function noTarget(text: string, world: World): EndpointProblem | null {
  const endpoint = parseEndpoint(text);
  const found = isProblem(endpoint) ? endpoint : addressesOf(world, endpoint);
  return isProblem(found) ? found : null;
}

function requestProblem(check: PlannedCheck, { field, message, expected }: RequestProblem): Problem {
  const part = field === 'from' || field === 'to' ? [field] : ['send', field];
  return { ...check.at(part), message: `${field}: ${message}`, expected };
}

/** What a name of an expectation may be, and whether there is something of that name. */
interface Naming {
  readonly what: string;
  readonly expected: string;
  readonly isKnown: (name: string, names: Names) => boolean;
}

const ENDPOINT: Naming = {
  what: '',
  expected: 'an endpoint or an address',
  isKnown: (name, names) => names.addresses(name) !== null || SOCKET.test(name) || names.place(name) !== name,
};
const PLACE: Naming = {
  what: 'place ',
  expected: 'MACHINE, MACHINE/NETNS, MACHINE/NETNS/DEV, fabric or an endpoint',
  isKnown: (name, names) => names.hasPlace(name),
};
const RULE: Naming = {
  what: 'rule ',
  expected: 'TABLE:CHAIN, nsg:NAME/RULE, route:PREFIX or svc NAMESPACE/NAME',
  isKnown: (name, names) => names.hasRule(name),
};

const NAMINGS: readonly (readonly [field: keyof Expectations, naming: Naming])[] = [
  ['seenSource', ENDPOINT],
  ['backend', ENDPOINT],
  ['backends', ENDPOINT],
  ['reply', ENDPOINT],
  ['via', PLACE],
  ['notVia', PLACE],
  ['replyVia', PLACE],
  ['hops', PLACE],
  ['replyHops', PLACE],
  ['rule', RULE],
  ['notRule', RULE],
];

function unknownNames(check: PlannedCheck, names: Names): Problem[] {
  return NAMINGS.flatMap(([field, { what, expected, isKnown }]) => {
    const value = check.expectations[field];
    if (typeof value !== 'string' && !Array.isArray(value)) return [];
    return list(value).flatMap((name, index) =>
      isKnown(name, names) ? [] : [{ ...check.at([field, index]), message: `${field}: there is no ${what}${name}`, expected }],
    );
  });
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
