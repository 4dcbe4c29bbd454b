import { stringify } from 'yaml';
import { buildScenario } from '../../../src/scenario/build.ts';
import { type LoadedScenario, loadScenario } from '../../../src/scenario/load.ts';
import { probeOf } from '../../../src/scenario/probe.ts';
import type { CheckEntry } from '../../../src/scenario/schema/check.ts';
import type { Scenario } from '../../../src/scenario/schema/scenario.ts';
import { startSession } from '../../../src/scenario/session.ts';
import { NO_FILES } from '../../../src/scenario/source/files.ts';
import { SourceError } from '../../../src/scenario/source/problem.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { runAllBranches, runProbe } from '../../../src/walk/run-probe.ts';
import type { Probe } from '../../../src/walk/probe.ts';
import type { WalkOptions } from '../../../src/walk/walk.ts';
import type { Session } from '../../../src/world/session.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';

/** A scenario as the file that a user would write. */
export function yamlOf(scenario: Scenario): string {
  return stringify(scenario, { aliasDuplicateObjects: false, lineWidth: 140 });
}

/** Reads a scenario the way `podwalk run` does, from its text. @throws SourceError when it is refused */
function load(scenario: Scenario): LoadedScenario {
  return loadScenario({ file: 'find.yaml', text: yamlOf(scenario) }, NO_FILES);
}

/** The world that a scenario describes. @throws SourceError when it is refused */
export function build(scenario: Scenario): FrozenWorld {
  return buildScenario(load(scenario)).world;
}

/** The world, or null when the scenario is refused with a message that a user can act on. */
export function buildOrRefuse(scenario: Scenario): FrozenWorld | null {
  try {
    return build(scenario);
  } catch (error) {
    if (error instanceof SourceError) return null;
    throw error;
  }
}

/** A session in which nothing has happened. */
export function freshSession(world: FrozenWorld, seed = 1): Session {
  return startSession(world, seed);
}

/** One walk to make: endpoints by name, as a check has them. */
export interface Flow extends Pick<CheckEntry, 'proto' | 'send'> {
  readonly from: string;
  readonly to: string;
}

/** The probe that a flow means; null where this world has no such endpoint. */
export function probeFor(world: FrozenWorld, { from, to, proto, send = {} }: Flow): Probe | null {
  const probe = probeOf({ from, to, proto: proto ?? null, send }, world);
  return 'field' in probe ? null : probe;
}

/** Walks a flow once in a session. @throws Error when this world has no such endpoint */
export function walkOnce(world: FrozenWorld, session: Session, flow: Flow, options: WalkOptions = {}): Trace {
  return runProbe(world, session, mustProbe(world, flow), options);
}

/** Walks a flow in every way that chance leaves open, in a session of its own. @throws Error when this world has no such endpoint */
export function walkAll(world: FrozenWorld, flow: Flow, options: WalkOptions = {}): Trace[] {
  return runAllBranches(world, freshSession(world), mustProbe(world, flow), options);
}

function mustProbe(world: FrozenWorld, flow: Flow): Probe {
  const probe = probeFor(world, flow);
  if (probe === null) throw new Error(`no walk from ${flow.from} to ${flow.to} in this world`);
  return probe;
}
