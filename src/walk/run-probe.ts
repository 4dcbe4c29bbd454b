import type { Trace } from '../trace/trace.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { cloneSession } from './new-session.ts';
import type { Probe } from './probe.ts';
import { traceOf } from './trace-of.ts';
import { walk, type Walk, type WalkOptions } from './walk.ts';

/** Branches that {@link runAllBranches} walks at most, unless told otherwise. */
export const MAX_BRANCHES = 64;

/**
 * Sends one probe and tells what became of it. Its effects stay in the session.
 * @throws NoSuchPlace when the World has no namespace or link end to send from
 */
export function runProbe(world: FrozenWorld, session: Session, probe: Probe, options: WalkOptions = {}): Trace {
  return traceOf(walk(world, session, probe, options));
}

/**
 * Sends one probe once for every way that chance leaves open. Each starts from the same session; only the first, which a plain walk
 * takes, leaves its effects there.
 */
export function runAllBranches(
  world: FrozenWorld,
  session: Session,
  probe: Probe,
  options: WalkOptions = {},
  maxBranches: number = MAX_BRANCHES,
): Trace[] {
  const before = cloneSession(session);
  const first = walk(world, session, probe, options, []);
  const walks: Walk[] = [first];
  const open = first.chooser?.alternatives() ?? [];
  let left = 0;
  for (let fixed = open.shift(); fixed !== undefined; fixed = open.shift()) {
    if (walks.length >= maxBranches) {
      left = open.length + 1;
      break;
    }
    const branch = walk(world, cloneSession(before), probe, options, fixed);
    walks.push(branch);
    open.push(...(branch.chooser?.alternatives() ?? []));
  }
  return walks.map((branch, index) => {
    const trace = traceOf(branch);
    const { odds = 1, choices = [] } = trace.branch ?? {};
    // Each way that was left open ends in a branch at least.
    const truncated = left > 0 ? { truncated: true as const } : {};
    trace.branch = { index, of: walks.length + left, odds, choices, ...truncated };
    return { ...trace, ...truncated };
  });
}
