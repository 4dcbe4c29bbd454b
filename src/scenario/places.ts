import type { World } from '../world/world.ts';

/** What people call the namespaces of a world: `node-0/cni-1770aa7f` → `pod default/web`. */
export function placeNames(world: World): ReadonlyMap<string, string> {
  const sandboxes = Object.entries(world.cluster?.sandboxes ?? {});
  return new Map(
    sandboxes.flatMap(([pod, { machine, netns, hostNetwork }]) => (hostNetwork ? [] : [[`${machine}/${netns}`, `pod ${pod}`] as const])),
  );
}
