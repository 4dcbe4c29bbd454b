import type { CtRecord } from '../linux/conntrack/record.ts';
import type { Link } from '../linux/link.ts';
import { printEbtables } from '../linux/netfilter/ebtables-print.ts';
import { printIpsets } from '../linux/netfilter/ipset/print.ts';
import { printTables } from '../linux/netfilter/print.ts';
import type { Netns, Part } from '../linux/netns.ts';
import { listSysctls, explicitSysctls } from '../linux/sysctl.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import type { World } from '../world/world.ts';
import { azureFiles } from './azure/write-fabric.ts';
import { kubeFiles } from './kube/write-kube.ts';
import type { NetnsCounters } from './read/namespace.ts';
import { lentAddress } from './read/srcpick.ts';
import { conntrackLines } from './write/conntrack.ts';
import { type JsonRow, rowsText } from './write/json-row.ts';
import { addressRow, bridgePortRow, linkRow } from './write/link.ts';

import { fdbRows, neighbourRows, proxyNeighbourRows } from './write/neigh.ts';
import { routeRows, ruleRows } from './write/route.ts';
import { socketLines } from './write/sockets.ts';

export interface WrittenSnapshot {
  /** Path → text. */
  readonly files: ReadonlyMap<string, string>;
  /** What the World holds and dumps cannot say, as texts. */
  readonly lost: readonly string[];
}

/**
 * Writes the machines of a World as a snapshot directory, in the notation of the tools that would have dumped them. Who wrote a rule or
 * a route (`origin`) is in no dump.
 * @param conntrack connections to write along, by `MACHINE/NETNS`
 * @param counters what rules have counted, likewise
 */
export function writeSnapshot(
  world: World,
  conntrack: ReadonlyMap<string, readonly CtRecord[]> = new Map(),
  counters: ReadonlyMap<string, NetnsCounters> = new Map(),
): WrittenSnapshot {
  const files = new Map<string, string>();
  const lost: string[] = [];
  const ends = new Map<string, string[]>();
  const machines: Record<string, JsonRow> = {};
  for (const host of Object.values(world.machines)) {
    machines[host.name] = { kind: host.kind, namespaces: Object.keys(host.netns) };
    if (host.release !== null) files.set(`${host.name}/uname.txt`, `Linux ${host.name} ${host.release}\n`);
    for (const netns of Object.values(host.netns)) {
      const at = `${host.name}/${netns.name}`;
      writeNetns(files, at, netns, conntrack.get(at) ?? [], counters.get(at));
      for (const { reason, text } of netns.unmodelled) if (reason !== 'NOT_COLLECTED') lost.push(`${at}: ${text}`);
      for (const link of netns.links) {
        const wire = wireOf(link);
        if (wire !== null) ends.set(wire, [...(ends.get(wire) ?? []), `${at}/${link.name}`]);
      }
    }
  }
  for (const [file, text] of world.fabric === null ? [] : azureFiles(world.fabric)) files.set(file, text);
  for (const [file, text] of world.cluster === null ? [] : kubeFiles(world.cluster.objects)) files.set(file, text);
  const wires = [...ends.values()].filter((pair) => pair.length === 2 && !inOneNetns(pair));
  files.set('snapshot.json', `${JSON.stringify({ podwalkSnapshot: 1, machines, wires }, null, 1)}\n`);
  return { files, lost };
}

function wireOf(link: Link): string | null {
  return link.kind.type === 'veth' || link.kind.type === 'end' ? link.kind.wire : null;
}

/** A pair of veths inside one namespace names its peer in link.json. */
function inOneNetns(ends: readonly string[]): boolean {
  const [first, second] = ends.map((end) => end.slice(0, end.lastIndexOf('/')));
  return first === second;
}

function writeNetns(
  files: Map<string, string>,
  at: string,
  netns: Netns,
  conntrack: readonly CtRecord[],
  counters: NetnsCounters | undefined,
): void {
  const absent = new Set(netns.unmodelled.filter(({ reason }) => reason === 'NOT_COLLECTED').map(({ part }) => part));
  const put = (part: Part, file: string, text: () => string): void => {
    if (!absent.has(part)) files.set(`${at}/${file}`, text());
  };
  const peerOf = (link: Link): string | null => {
    const wire = wireOf(link);
    return netns.links.find((other) => other !== link && wire !== null && wireOf(other) === wire)?.name ?? null;
  };
  const links = netns.links.toSorted((a, b) => a.ifindex - b.ifindex);
  put('link', 'link.json', () => rowsText(links.map((link) => linkRow(link, peerOf(link)))));
  put('addr', 'addr.json', () => rowsText(links.map(addressRow)));
  put('brlink', 'brlink.json', () => rowsText(links.map(bridgePortRow).filter((row) => row !== null)));
  put('addr', 'srcpick.json', () => rowsText(borrowed(netns.links)));
  put('route', 'route.json', () => rowsText(routeRows(netns.fib)));
  put('rule', 'rule.json', () => rowsText(ruleRows(netns.rules)));
  put('neigh', 'neigh.json', () => rowsText(neighbourRows(netns.neighbours)));
  put('neigh', 'proxyneigh.json', () => rowsText(proxyNeighbourRows(netns.proxyNeighbours)));
  put('fdb', 'fdb.json', () => rowsText(fdbRows(netns.fdb)));
  put('sysctl', 'sysctl.txt', () => linesText(sysctlLines(netns)));
  put('iptables', 'iptables.txt', () => printTables(netns.iptables, counters?.iptables));
  if (netns.iptablesLegacy !== null) files.set(`${at}/iptables-legacy.txt`, printTables(netns.iptablesLegacy, counters?.legacy));
  put('ebtables', 'ebtables.txt', () => printEbtables(netns.ebtables ?? {}));
  put('ipset', 'ipset.txt', () => printIpsets(netns.ipsets));
  put('conntrack', 'conntrack.txt', () => linesText(conntrackLines(conntrack)));
  put('sockets', 'sockets.txt', () => linesText(socketLines(netns.sockets)));
}

/** The address that each device without one borrows: that of the first device in order that lends. */
function borrowed(links: readonly Link[]): JsonRow[] {
  const lent = links.map(lentAddress).find((address) => address !== null);
  if (lent === undefined) return [];
  return links.filter(({ addresses }) => addresses.length === 0).map(({ name }) => ({ dev: name, prefsrc: formatIpv4(lent) }));
}

function sysctlLines(netns: Netns): string[] {
  const devices = netns.links.map(({ name }) => name);
  const all = new Map([...listSysctls(netns.sysctls, devices), ...explicitSysctls(netns.sysctls)]);
  return [...all].map(([name, value]) => `${name} = ${value}`).sort();
}

function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
