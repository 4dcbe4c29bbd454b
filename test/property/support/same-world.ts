import { explicitSysctls } from '../../../src/linux/sysctl.ts';
import type { World } from '../../../src/world/world.ts';

/**
 * Where two Worlds differ, as texts. Where a Kubernetes object was written (`source`) is no part of a network, and the order in which
 * devices got equal sysctls is none of a machine.
 * @param limit how many differences are listed
 */
export function differences(a: World, b: World, limit = 5): string[] {
  const found: string[] = [];
  compare(withPlainSysctls(a), withPlainSysctls(b), '', found, limit);
  return found;
}

/** Sysctls as names with values: devices that have equal ones are kept together in the order in which they got them. */
function withPlainSysctls(world: World): unknown {
  const machines = Object.entries(world.machines).map(([machine, host]) => {
    const netns = Object.entries(host.netns).map(([name, one]) => [
      name,
      { ...one, sysctls: Object.fromEntries(explicitSysctls(one.sysctls)) },
    ]);
    return [machine, { ...host, netns: Object.fromEntries(netns) as unknown }];
  });
  return { ...world, machines: Object.fromEntries(machines) as unknown };
}

function compare(a: unknown, b: unknown, path: string, found: string[], limit: number): void {
  if (a === b || found.length >= limit) return;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) !== Array.isArray(b)) {
    found.push(`${path}: ${shown(a)} and ${shown(b)}`);
    return;
  }
  const [left, right] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    if (key !== 'source') compare(left.get(key), right.get(key), `${path}/${key}`, found, limit);
  }
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 120);
}
