import type { Host } from '../linux/netns.ts';
import type { WireId } from '../linux/link.ts';
import type { World } from '../world/world.ts';

/** One link end by name. */
export interface LinkEnd {
  readonly machine: string;
  readonly netns: string;
  readonly dev: string;
}

const hostCache = new WeakMap<Host, ReadonlyMap<WireId, readonly LinkEnd[]>>();
const worldCache = new WeakMap<World, ReadonlyMap<WireId, readonly LinkEnd[]>>();

function hostWires(host: Host): ReadonlyMap<WireId, readonly LinkEnd[]> {
  let wires = hostCache.get(host);
  if (wires === undefined) {
    const found = new Map<WireId, LinkEnd[]>();
    for (const [netns, { links }] of Object.entries(host.netns)) {
      for (const { name, kind } of links) {
        if ((kind.type !== 'veth' && kind.type !== 'end') || kind.wire === null) continue;
        const end = { machine: host.name, netns, dev: name };
        const ends = found.get(kind.wire);
        if (ends === undefined) found.set(kind.wire, [end]);
        else ends.push(end);
      }
    }
    wires = found;
    hostCache.set(host, wires);
  }
  return wires;
}

/** Wires between machines; those inside one machine are found without looking at the others. */
function worldWires(world: World): ReadonlyMap<WireId, readonly LinkEnd[]> {
  let wires = worldCache.get(world);
  if (wires === undefined) {
    const found = new Map<WireId, LinkEnd[]>();
    for (const host of Object.values(world.machines)) {
      for (const [wire, ends] of hostWires(host)) {
        if (ends.length !== 1) continue;
        const known = found.get(wire);
        if (known === undefined) found.set(wire, [...ends]);
        else known.push(...ends);
      }
    }
    wires = found;
    worldCache.set(world, wires);
  }
  return wires;
}

/** The other end of a wire; null when it has none. */
export function farEnd(world: World, near: LinkEnd, wire: WireId): LinkEnd | null {
  const host = world.machines[near.machine];
  if (host === undefined) return null;
  const inside = hostWires(host).get(wire) ?? [];
  const ends = inside.length > 1 ? inside : (worldWires(world).get(wire) ?? []);
  return ends.find((end) => end.machine !== near.machine || end.netns !== near.netns || end.dev !== near.dev) ?? null;
}

/** Reads `MACHINE/NETNS/DEV`. */
export function linkEnd(id: string): LinkEnd | null {
  const [machine, netns, dev, ...rest] = id.split('/');
  return machine === undefined || netns === undefined || dev === undefined || rest.length > 0 ? null : { machine, netns, dev };
}
