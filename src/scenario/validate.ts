import type { Place } from '../kube/objects/located.ts';
import { unmodelledRules } from '../linux/netfilter/unmodelled-rules.ts';
import type { World } from '../world/world.ts';
import { addressGapsIn } from './address-gaps.ts';
import { buildScenario } from './build.ts';
import type { LoadedScenario } from './load.ts';
import { rehearseScenario } from './run.ts';
import { SourceError, sorted } from './source/problem.ts';

/** Something in a scenario that is not modelled: the walks that it would govern are UNKNOWN. */
export interface NotModelled {
  readonly place: Place | null;
  readonly text: string;
}

export interface Validation {
  readonly checks: number;
  readonly steps: number;
  readonly unknown: readonly NotModelled[];
  readonly notes: readonly string[];
}

/**
 * Builds a scenario's world, carries its steps out and looks up everything that its checks name, without sending a packet.
 * @throws SourceError with everything that is wrong
 */
export function validateScenario(loaded: LoadedScenario): Validation {
  const { scenario } = loaded;
  const built = buildScenario(loaded);
  const { world, notes } = built;
  const rehearsal = rehearseScenario(loaded, built);
  if (rehearsal.problems.length > 0) throw new SourceError(sorted(rehearsal.problems));
  return {
    checks: rehearsal.checks,
    steps: scenario.steps?.length ?? 0,
    unknown: [
      ...notModelled(world),
      ...addressGapsIn(rehearsal.fabrics, loaded),
      ...ruleGaps(world).map((text) => ({ place: null, text })),
    ],
    notes: [...loaded.notes, ...notes, ...rehearsal.notes],
  };
}

/** Rules that are told one by one. */
const MAX_RULES = 20;

/** The rules of all machines whose match or target is not modelled. */
export function ruleGaps({ machines }: World): string[] {
  const lines: string[] = [];
  let count = 0;
  for (const { name, netns } of Object.values(machines)) {
    for (const one of Object.values(netns)) {
      for (const rule of unmodelledRules(one)) if (++count <= MAX_RULES) lines.push(`${name}/${one.name}: ${rule}`);
    }
  }
  return count > MAX_RULES ? [...lines, `${count - MAX_RULES} more rules`] : lines;
}

function notModelled(world: World): NotModelled[] {
  const objects = world.cluster?.objects;
  const governing = [...(objects?.policies ?? []), ...(objects?.unmodelled ?? [])];
  return governing.map(({ kind, namespace, name, reason, source }) => ({
    place: source,
    text: `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}: ${reason}`,
  }));
}
