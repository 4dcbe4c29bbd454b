/**
 * podwalk as a library: describe a cluster, send packets through it, read what decided.
 *
 * `openScenario` is the short way. The parts behind it are here too: build a World by hand, keep sessions apart, walk in bulk.
 */
export { type OpenScenario, openScenario, type TraceRequest } from './scenario/open.ts';
export { buildScenario } from './scenario/build.ts';
export { type LoadedScenario, loadScenario } from './scenario/load.ts';
export type { CheckResult, RunResult, ScenarioResult } from './scenario/result.ts';
export { runScenario } from './scenario/run.ts';
export { type Files, filesFrom, NO_FILES } from './scenario/source/files.ts';
export { type Problem, SourceError } from './scenario/source/problem.ts';
export { validateScenario } from './scenario/validate.ts';

export { buildCluster } from './aks/build-cluster.ts';
export type { ClusterSpec } from './aks/spec.ts';
export { type SnapshotDirectory, memoryDirectory } from './snapshot/directory.ts';
export { readSnapshot } from './snapshot/read-snapshot.ts';
export { sessionOf } from './snapshot/session.ts';
export { writeSnapshot } from './snapshot/write-snapshot.ts';

export { cloneSession, newSession } from './walk/new-session.ts';
export type { Probe } from './walk/probe.ts';
export { runAllBranches, runProbe } from './walk/run-probe.ts';
export { traceOf } from './walk/trace-of.ts';
export { NoSuchPlace, type Walk, walk, type WalkOptions } from './walk/walk.ts';
export { freeze } from './world/freeze.ts';
export type { Session } from './world/session.ts';
export type { FrozenWorld, World } from './world/world.ts';

export { traceJson } from './report/trace/json.ts';
export { traceMarkdown } from './report/trace/markdown.ts';
export { tracePcapng } from './report/trace/pcapng.ts';
export { traceText } from './report/trace/text.ts';
export type { Delivered, Hop, Leg, Outcome, Step, Trace } from './trace/trace.ts';

export { formatIpv4, type Ipv4, parseIpv4 } from './wire/ipv4.ts';
export { type Prefix, parsePrefix } from './wire/prefix.ts';
