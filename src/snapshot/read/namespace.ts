import type { Field } from '../../kube/objects/field.ts';
import { quoted } from '../../kube/objects/located.ts';
import type { CtRecord } from '../../linux/conntrack/record.ts';
import { type Counters, NO_COUNTERS } from '../../linux/netfilter/counters.ts';
import type { Netns, Part, Unmodelled } from '../../linux/netns.ts';
import { sysctlsOfDump } from '../../linux/sysctl.ts';
import { readAddresses } from './addr.ts';
import { readBridgePorts } from './brlink.ts';
import { readConntrack } from './conntrack.ts';
import { readEbtables } from './ebtables.ts';
import { readFdb } from './fdb.ts';
import { readBpf, readIpvs, readTcFilters, readXfrm } from './hooks.ts';
import { readIpsets } from './ipset.ts';
import { readIptables } from './iptables.ts';
import { linkGaps } from './link-gaps.ts';
import { type LinkRow, readLink } from './link.ts';
import type { IprouteNames } from './names.ts';
import { readNeighbours } from './neigh.ts';
import { readNft } from './nft.ts';
import { readProxyNeighbours } from './proxyneigh.ts';
import { readRoutes } from './route.ts';
import { readRules } from './rule.ts';
import { deviceAmong } from './scalar.ts';
import { readSockets } from './sockets.ts';
import type { Source } from './source.ts';
import { inDeviceOrder } from './srcpick.ts';
import { readSysctls } from './sysctl.ts';
import { joinPairs } from './wires.ts';

const MAX_LINKS = 20_000;

/** What the rules of a namespace have counted, of each back end. */
export interface NetnsCounters {
  readonly iptables: Counters;
  readonly legacy: Counters;
}

export interface NetnsDump {
  readonly netns: Netns;
  readonly conntrack: readonly CtRecord[];
  readonly counters: NetnsCounters;
  /** Files that are missing of those that list nothing but what is not modelled. */
  readonly unsought: readonly string[];
}

/**
 * Reads the dumps of one namespace. A table that is missing is left empty and marked NOT_COLLECTED. What nft, tc, BPF, IPVS and IPsec add
 * is no table that a walk reads: most machines have none of it and most dumps do not look, so without the file there is none.
 */
export function readNetns(source: Source, machine: string, name: string, names: IprouteNames): NetnsDump {
  const folder = `${machine}/${name}`;
  const unmodelled: Unmodelled[] = [];
  const collected = <T>(part: Part, file: string, content: T | null): T | null => {
    if (content === null) unmodelled.push({ reason: 'NOT_COLLECTED', text: `${folder}/${file} was not collected`, dev: null, part });
    return content;
  };
  const rows = (part: Part, file: string): readonly Field[] | null => collected(part, file, source.rows(`${folder}/${file}`));
  const lines = (part: Part, file: string) => collected(part, file, source.lines(`${folder}/${file}`));
  const notModelled = (part: Part, texts: readonly string[]): void => {
    for (const text of texts) unmodelled.push({ reason: 'NOT_MODELLED', text, dev: null, part });
  };

  const linkRows = rows('link', 'link.json');
  const read = readLinks(linkRows ?? []);
  const byName = new Map(read.map((row) => [row.link.name, row.link]));
  const device = deviceAmong(linkRows === null ? null : new Set(byName.keys()));
  for (const row of read) if (row.link.master !== null) device(row.field.get('master'));

  for (const row of rows('addr', 'addr.json') ?? []) {
    const dev = device(row.get('ifname').required('a device name'));
    const link = dev === null ? undefined : byName.get(dev);
    if (link !== undefined) link.addresses = readAddresses(row, names);
  }
  const portRows = source.rows(`${folder}/brlink.json`);
  readPorts(portRows, read, (file) => collected('brlink', file, null));
  joinPairs(folder, [...byName.values()], new Map(read.flatMap(({ link, peer }) => (peer === null ? [] : [[link.name, peer]]))));
  const links = inDeviceOrder([...byName.values()], source.rows(`${folder}/srcpick.json`), device);

  const routes = readRoutes(rows('route', 'route.json') ?? [], names, device);
  for (const { prefix, text } of routes.unmodelled) unmodelled.push({ reason: 'NOT_MODELLED', text, dev: null, part: 'route', prefix });
  const rules = readRules(rows('rule', 'rule.json') ?? [], names);
  notModelled('rule', rules.unmodelled);
  const neighbours = readNeighbours(rows('neigh', 'neigh.json') ?? [], device);
  const proxyNeighbours = readProxyNeighbours(source.rows(`${folder}/proxyneigh.json`) ?? [], device);
  const vxlans = links.filter((link) => link.kind.type === 'vxlan');
  const vxlanNames = new Set(vxlans.map((link) => link.name));
  const fdb = readFdb(rows('fdb', 'fdb.json') ?? [], device, (dev) => vxlanNames.has(dev));
  notModelled('fdb', fdb.unmodelled);
  const sysctls = sysctlsOfDump(
    readSysctls(lines('sysctl', 'sysctl.txt') ?? []),
    links.map((link) => link.name),
  );
  const saved = collected('iptables', 'iptables.txt', readIptables(source, `${folder}/iptables.txt`));
  const iptables = saved?.tables ?? {};
  const legacy = readIptables(source, `${folder}/iptables-legacy.txt`);
  const ipsets = collected('ipset', 'ipset.txt', readIpsets(source, `${folder}/ipset.txt`)) ?? [];
  const ebtables = collected('ebtables', 'ebtables.txt', readEbtables(source, `${folder}/ebtables.txt`));
  const vxlanPorts = new Set(vxlans.flatMap((link) => (link.kind.type === 'vxlan' ? [link.kind.port] : [])));
  const sockets = readSockets(lines('sockets', 'sockets.txt') ?? [], vxlanPorts);
  const conntrack = readConntrack(lines('conntrack', 'conntrack.txt') ?? []);

  const unsought: string[] = [];
  const sought = <T>(file: string, read: (path: string) => T | null): T | null => {
    const content = read(`${folder}/${file}`);
    if (content === null) unsought.push(file);
    return content;
  };
  const nft = sought('nft.json', (path) => source.json(path));
  const tc = sought('tc.json', (path) => source.rowsOfLines(path));
  const bpf = sought('bpf.json', (path) => source.json(path));
  const ipvs = sought('ipvs.txt', (path) => source.lines(path));
  const xfrm = sought('xfrm.txt', (path) => source.lines(path));
  unmodelled.push(
    ...(nft === null ? [] : readNft(nft, (family, table) => Object.hasOwn((family === 'ip' ? iptables : ebtables) ?? {}, table))),
    ...readTcFilters(tc ?? []),
    // link.json shows the programs of XDP as well.
    ...withoutTwins([...(bpf === null ? [] : readBpf(bpf)), ...linkGaps(read, portRows)]),
    ...readIpvs(ipvs ?? []),
    ...readXfrm(xfrm ?? []),
  );
  const netns: Netns = {
    name,
    links,
    fib: routes.tables,
    rules: rules.rules,
    neighbours,
    proxyNeighbours,
    fdb: fdb.entries,
    sysctls,
    iptables,
    iptablesLegacy: legacy !== null && Object.keys(legacy.tables).length > 0 ? legacy.tables : null,
    ipsets,
    ebtables: ebtables !== null && Object.keys(ebtables).length > 0 ? ebtables : null,
    sockets,
    unmodelled,
  };
  const counters = { iptables: saved?.counters ?? NO_COUNTERS, legacy: legacy?.counters ?? NO_COUNTERS };
  return { netns, conntrack, counters, unsought };
}

function withoutTwins(gaps: readonly Unmodelled[]): Iterable<Unmodelled> {
  return new Map(gaps.map((gap) => [`${gap.reason} ${gap.text}`, gap])).values();
}

function readLinks(rows: readonly Field[]): LinkRow[] {
  const links = new Map<string, LinkRow>();
  for (const row of rows.slice(0, MAX_LINKS)) {
    const link = readLink(row);
    if (link === null) continue;
    if (links.has(link.link.name)) row.get('ifname').fail(`the device ${quoted(link.link.name)} is listed twice`, 'each device once');
    else links.set(link.link.name, link);
  }
  rows[MAX_LINKS]?.fail(`there are ${rows.length} devices`, `at most ${MAX_LINKS} (MAX_LINKS)`);
  return [...links.values()];
}

/** Port options are in brlink.json and, with `ip -d`, in link.json as well: only where both are silent something is missing. */
function readPorts(rows: readonly Field[] | null, links: readonly LinkRow[], missing: (file: string) => void): void {
  const bridges = new Set(links.filter(({ link }) => link.kind.type === 'bridge').map(({ link }) => link.name));
  const ports = rows === null ? null : readBridgePorts(rows, deviceAmong(null));
  let unknown = false;
  for (const { link } of links) {
    if (link.master === null || !bridges.has(link.master)) continue;
    link.port = ports?.get(link.name) ?? link.port;
    unknown ||= link.port === null;
  }
  if (unknown) missing('brlink.json');
}
