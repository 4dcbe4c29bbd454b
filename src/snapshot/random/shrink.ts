import { freeze } from '../../world/freeze.ts';
import type { RandomCase } from './case.ts';
import { canBeEdited, type Edit } from '../kernel/edits.ts';
import { MACHINE } from './lab.ts';
import { type Draft, type Part, PHASES } from './parts.ts';

/**
 * Makes a case smaller while it still shows the difference: takes away namespaces, probes, tables, links, rules, routes and whatever else
 * it holds, first many at a time, then one by one, until nothing more can go.
 * @param stillDiffers asked about each smaller case
 * @param budget how often it may be asked
 */
export async function shrink(
  found: RandomCase,
  stillDiffers: (candidate: RandomCase) => Promise<boolean>,
  budget: number,
): Promise<RandomCase> {
  let smallest = found;
  let asked = 0;
  const hasBudget = (): boolean => asked < budget;
  const attempt = async (parts: readonly Part[]): Promise<boolean> => {
    const candidate = without(smallest, parts);
    if (candidate === null || !hasBudget()) return false;
    asked++;
    if (!(await stillDiffers(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let before: RandomCase | null = null; before !== smallest && hasBudget();) {
    before = smallest;
    for (const partsOf of PHASES) {
      let parts = partsOf(smallest);
      for (let size = parts.length; size > 0 && hasBudget(); size = Math.floor(size / 2)) {
        // From the end, so that what is numbered keeps its number.
        for (let end = parts.length; end > 0; end -= size) {
          if (!(await attempt(parts.slice(Math.max(0, end - size), end)))) continue;
          // What is left is asked for anew: with one part, others may have gone.
          const names = new Set(partsOf(smallest).map(({ name }) => name));
          parts = parts.filter(({ name }, i) => i < end - size || (i >= end && names.has(name)));
        }
      }
    }
  }
  return smallest;
}

/** The case without some of its parts; null where that leaves nothing to compare, or no valid tables. */
function without(of: RandomCase, parts: readonly Part[]): RandomCase | null {
  const host = of.world.machines[MACHINE];
  if (host === undefined) return null;
  const draft: Draft = { host: structuredClone(host), probes: [...of.probes], state: of.state, edits: [...of.edits] };
  for (const part of [...parts].reverse()) part.remove(draft);
  const probes = draft.probes.filter(({ from }) => from.kind === 'netns' && Object.hasOwn(draft.host.netns, from.netns));
  if (probes.length === 0) return null;
  // A change is made before the first probe that is left of those that find it made.
  const edits = draft.edits.flatMap((change): Edit[] => {
    const before = probes.findIndex((probe) => of.probes.findIndex(({ id }) => id === probe.id) >= change.before);
    return before < 0 || !Object.hasOwn(draft.host.netns, change.netns) ? [] : [{ ...change, before }];
  });
  const world = freeze({ machines: { [MACHINE]: draft.host }, fabric: null, cluster: null });
  const smaller: RandomCase = { ...of, world, probes, edits, state: draft.state, session: { ...of.session, cold: draft.state === 'cold' } };
  return canBeEdited(smaller) ? smaller : null;
}
