import type { Netns } from '../linux/netns.ts';
import { farEnd } from '../walk/wires.ts';
import type { Session } from '../world/session.ts';
import type { World } from '../world/world.ts';
import { fabricListings } from './fabric-listings.ts';
import type { Listing, NetnsView, Peer } from './listing.ts';
import { netnsListings } from './netns-listings.ts';

/**
 * The tables of a place of a trace: of a namespace `MACHINE/NETNS`, or of the fabric (`fabric/…`). None where there is no such place.
 * @param session what packets have left behind; null for the tables alone
 */
export function listingsAt(world: World, session: Session | null, at: string): Listing[] {
  if (at.startsWith('fabric/')) return world.fabric === null ? [] : fabricListings(world.fabric);
  const view = netnsViewOf(world, session, at);
  return view === null ? [] : netnsListings(view);
}

/** One namespace and what packets left behind in it; null where there is no such place. */
function netnsViewOf(world: World, session: Session | null, at: string): NetnsView | null {
  const [machine = '', name = '', ...rest] = at.split('/');
  const netns = rest.length > 0 ? null : netnsAt(world, machine, name);
  if (netns === null) return null;
  return {
    netns,
    session: session?.netns.get(at) ?? null,
    cold: session?.cold === true,
    nowMs: session?.clock.nowMs ?? 0,
    peer: (dev) => peerOf(world, machine, netns, dev),
  };
}

function netnsAt({ machines }: World, machine: string, name: string): Netns | null {
  const host = Object.hasOwn(machines, machine) ? machines[machine] : undefined;
  return host !== undefined && Object.hasOwn(host.netns, name) ? (host.netns[name] ?? null) : null;
}

function peerOf(world: World, machine: string, netns: Netns, dev: string): Peer | null {
  const kind = netns.links.find(({ name }) => name === dev)?.kind;
  if (kind?.type !== 'veth' || kind.wire === null) return null;
  const end = farEnd(world, { machine, netns: netns.name, dev }, kind.wire);
  if (end === null) return null;
  const link = netnsAt(world, end.machine, end.netns)?.links.find(({ name }) => name === end.dev);
  if (link === undefined) return null;
  if (end.machine === machine && end.netns === netns.name) return { name: end.dev, netns: null, isDown: !link.up };
  return { name: `if${link.ifindex}`, netns: end.machine === machine ? end.netns : null, isDown: false };
}
