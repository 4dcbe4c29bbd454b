import type { Field } from '../../kube/objects/field.ts';
import type { Neighbour, NeighbourState } from '../../linux/neighbour.ts';
import { type DeviceReader, flagsOf, ipv4Of, isIpv6Text, macOf } from './scalar.ts';

const STATES: ReadonlyMap<string, NeighbourState> = new Map([
  ['PERMANENT', 'permanent'],
  ['NOARP', 'noarp'],
  ['REACHABLE', 'reachable'],
  ['STALE', 'stale'],
  ['DELAY', 'delay'],
  ['PROBE', 'probe'],
  ['INCOMPLETE', 'incomplete'],
  ['FAILED', 'failed'],
]);

/** The IPv4 neighbours of `ip -j neigh show`. @source iproute2 ip/ipneigh.c print_neigh */
export function readNeighbours(rows: readonly Field[], device: DeviceReader): Neighbour[] {
  const neighbours: Neighbour[] = [];
  for (const row of rows) {
    if (isIpv6Text(row.get('dst'))) continue;
    const ip = ipv4Of(row.get('dst').required('an IPv4 address'));
    const dev = device(row.get('dev').required('a device name'));
    const state = stateOf(row.get('state'));
    if (ip === null || dev === null || state === null) continue;
    neighbours.push({ ip, mac: macOf(row.get('lladdr')), dev, state, origin: null });
  }
  return neighbours;
}

/** Null for an entry without a state, which resolves nothing. */
function stateOf(field: Field): NeighbourState | null {
  for (const name of flagsOf(field)) {
    const state = STATES.get(name);
    if (state !== undefined) return state;
    if (name !== 'NONE') field.fail(`the neighbour state ${name} is not known`, [...STATES.keys()].join(', '));
  }
  return null;
}
