import type { World } from '../world/world.ts';

/** `node-0/cni-1770aa7f` → `pod default/web`. */
export type PlaceNames = ReadonlyMap<string, string>;

/** What people call the namespaces of a world: `node-0/cni-1770aa7f` → `pod default/web`. */
export function placeNames(world: World): PlaceNames {
  const sandboxes = Object.entries(world.cluster?.sandboxes ?? {});
  return new Map(
    sandboxes.flatMap(([pod, { machine, netns, hostNetwork }]) => (hostNetwork ? [] : [[`${machine}/${netns}`, `pod ${pod}`] as const])),
  );
}

/** A text with its places under the names that people know. */
export function withPlaceNames(text: string, places: PlaceNames): string {
  return places.size === 0 ? text : text.replaceAll(/[^\s,;:()]+\/[^\s,;:()]+/g, (place) => places.get(place) ?? place);
}
