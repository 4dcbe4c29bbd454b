import { agedState } from '../linux/neighbour-age.ts';
import type { Neighbour, NeighbourState } from '../linux/neighbour.ts';
import type { LearnedNeighbour } from '../linux/netns-session.ts';
import { neighName, readSysctl } from '../linux/sysctl.ts';
import { type Ipv4, formatIpv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';
import { type NetnsView, type Row, row } from './listing.ts';
import { neighbourId } from './row-id.ts';

/** One neighbour as it is now: as the tables hold it, or as packets taught it. */
interface Entry {
  readonly ip: Ipv4;
  readonly dev: string;
  readonly mac: Mac | null;
  readonly state: NeighbourState;
}

/** The neighbours as `ip neigh` prints them: those of the tables with what packets made of them, then those that packets taught. */
export function neighbourRows(view: NetnsView): readonly Row[] {
  return entries(view).map((entry) => row(neighbourLine(entry), neighbourId(entry.dev, formatIpv4(entry.ip))));
}

/** `ip neigh show proxy`. */
export function proxyNeighbourRows({ netns }: NetnsView): readonly Row[] {
  return netns.proxyNeighbours.map(({ ip, dev }) => row(`${formatIpv4(ip)} dev ${dev} proxy `, neighbourId(dev, formatIpv4(ip))));
}

function entries(view: NetnsView): Entry[] {
  const { netns, session, cold } = view;
  const listed: Entry[] = [];
  const known = new Map<string, Set<Ipv4>>();
  for (const entry of netns.neighbours) {
    const learned = session?.neighbours.get(entry.dev)?.get(entry.ip);
    const ofDevice = known.get(entry.dev) ?? new Set();
    known.set(entry.dev, ofDevice.add(entry.ip));
    if (learned !== undefined) listed.push(asLearned(view, entry.dev, learned));
    else if (!cold || isFixed(entry)) listed.push(entry);
  }
  for (const [dev, byAddress] of session?.neighbours ?? []) {
    for (const learned of byAddress.values()) if (known.get(dev)?.has(learned.ip) !== true) listed.push(asLearned(view, dev, learned));
  }
  return listed;
}

function isFixed({ state }: Neighbour): boolean {
  return state === 'permanent' || state === 'noarp';
}

function asLearned(view: NetnsView, dev: string, learned: LearnedNeighbour): Entry {
  return { ip: learned.ip, dev, mac: learned.mac, state: stateNow(view, dev, learned) };
}

/** What the clock has made of an entry since a packet last met it. */
function stateNow({ netns, nowMs }: NetnsView, dev: string, { state, sinceMs }: LearnedNeighbour): NeighbourState {
  const limit = (key: string): number => Number(readSysctl(netns.sysctls, neighName(dev, key)) ?? Infinity);
  const ages = { baseReachableTimeMs: limit('base_reachable_time_ms'), delayFirstProbeTimeMs: limit('delay_first_probe_time') * 1000 };
  return agedState(state, sinceMs, ages, nowMs);
}

/** @source iproute2 6.1 ip/ipneigh.c print_neigh */
function neighbourLine({ ip, dev, mac, state }: Entry): string {
  return `${formatIpv4(ip)} dev ${dev} ${mac === null ? '' : `lladdr ${mac} `}${state.toUpperCase()} `;
}
