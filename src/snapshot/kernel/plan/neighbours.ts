import type { LearnedFdb, LearnedNeighbour } from '../../../linux/netns-session.ts';
import type { Netns } from '../../../linux/netns.ts';
import { type Ipv4, formatIpv4 } from '../../../wire/ipv4.ts';
import { ZERO_MAC, type Mac } from '../../../wire/mac.ts';
import { word } from './word.ts';

/** Neighbours that stay whatever packets do, and those that the host answers ARP for. */
export function fixedNeighbourLines({ neighbours, proxyNeighbours }: Netns): string[] {
  return [
    ...neighbours
      .filter(({ state }) => state === 'permanent' || state === 'noarp')
      .map(({ ip, dev, mac, state }) => `neigh replace ${formatIpv4(ip)} lladdr ${mac ?? ZERO_MAC} dev ${word(dev)} nud ${state}`),
    ...proxyNeighbours.map(({ ip, dev }) => `neigh replace proxy ${formatIpv4(ip)} dev ${word(dev)}`),
  ];
}

/** States that an entry keeps for longer than a probe takes. One that is being asked for has no meaning at the start. */
const LASTING: ReadonlySet<string> = new Set(['reachable', 'stale', 'delay']);

/** Neighbours that were learned before: those of the tables, and what the session knows better. */
export function learnedNeighbourLines(netns: Netns, taught: ReadonlyMap<string, ReadonlyMap<Ipv4, LearnedNeighbour>>): string[] {
  const entries = new Map<string, string>();
  const add = (dev: string, ip: Ipv4, mac: Mac | null, state: string): void => {
    if (state === 'failed') entries.set(`${dev} ${ip}`, `neigh replace ${formatIpv4(ip)} dev ${word(dev)} nud failed`);
    else if (mac === null || !LASTING.has(state)) entries.delete(`${dev} ${ip}`);
    else entries.set(`${dev} ${ip}`, `neigh replace ${formatIpv4(ip)} lladdr ${mac} dev ${word(dev)} nud ${state}`);
  };
  for (const { dev, ip, mac, state } of netns.neighbours) if (state !== 'permanent' && state !== 'noarp') add(dev, ip, mac, state);
  for (const [dev, learned] of taught) for (const { ip, mac, state } of learned.values()) add(dev, ip, mac, state);
  return [...entries.values()];
}

/** Forwarding entries for `bridge`; those that a bridge has for its own addresses are there anyway. */
export function fdbLines(netns: Netns, which: 'fixed' | 'learned', taught: ReadonlyMap<string, ReadonlyMap<Mac, LearnedFdb>>): string[] {
  const own = new Set(netns.links.map(({ name, mac }) => `${name} ${mac}`));
  const kinds = new Map(netns.links.map(({ name, kind }) => [name, kind]));
  const lines: string[] = [];
  for (const { mac, dev, master, state, dst, vni, port, externLearn, sticky } of netns.fdb) {
    if ((state === 'learned' && !externLearn) !== (which === 'learned')) continue;
    const kind = kinds.get(dev);
    if (master === null && kind?.type !== 'vxlan') continue;
    if (master !== null && state === 'permanent' && own.has(`${dev} ${mac}`)) continue;
    // The entry for unknown destinations came with the device.
    if (kind?.type === 'vxlan' && mac === ZERO_MAC && dst !== null && dst === kind.remote) continue;
    const nud = state === 'learned' ? 'dynamic' : state;
    lines.push(
      [
        `fdb ${master === null ? 'append' : 'replace'} ${mac} dev ${word(dev)} ${master === null || master === dev ? 'self' : 'master'} ${nud}`,
        ...(dst === null ? [] : [`dst ${formatIpv4(dst)}`]),
        ...(vni === null ? [] : [`vni ${vni}`]),
        ...(port === null ? [] : [`port ${port}`]),
        ...(externLearn ? ['extern_learn'] : []),
        ...(sticky === true ? ['sticky'] : []),
      ].join(' '),
    );
  }
  if (which === 'learned') {
    for (const [dev, learned] of taught) {
      for (const [mac, { port, vtep }] of learned) {
        if (vtep !== null) lines.push(`fdb replace ${mac} dev ${word(dev)} self dynamic dst ${formatIpv4(vtep)}`);
        else if (port !== null && port !== dev) lines.push(`fdb replace ${mac} dev ${word(port)} master dynamic`);
      }
    }
  }
  return lines;
}
