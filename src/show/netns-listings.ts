import type { Iptables, TableName } from '../linux/netfilter/rule.ts';
import type { Part } from '../linux/netns.ts';
import { fdbRows } from './bridge-fdb.ts';
import { conntrackRows } from './conntrack.ts';
import { ebtablesRows } from './ebtables.ts';
import { addressRows } from './ip-addr.ts';
import { linkRows } from './ip-link.ts';
import { neighbourRows, proxyNeighbourRows } from './ip-neigh.ts';
import { routeRows } from './ip-route.ts';
import { ruleRows } from './ip-rule.ts';
import { ipsetRows } from './ipset.ts';
import { iptablesRows, untouchedTableRows } from './iptables.ts';
import { type Listing, type NetnsView, type Row, row } from './listing.ts';
import { socketRows } from './ss.ts';
import { sysctlRows } from './sysctl.ts';

/** The tables of iptables in the order in which a packet meets them. */
const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security'];

/** Every table of one namespace, those without an entry too: that there is none may be the answer. */
export function netnsListings(view: NetnsView): Listing[] {
  const { netns } = view;
  const listing = (key: string, command: string, part: Part, rows: () => readonly Row[]): Listing => ({
    key,
    command,
    rows: () => notCollected(view, part) ?? rows(),
  });
  const backEnd = (name: 'iptables' | 'iptables-legacy', tables: Iptables): Listing[] =>
    TABLES.map((table) => listing(`${name}:${table}`, `${name} -t ${table} -S`, 'iptables', () => tableRows(tables, table)));
  return [
    listing('route', 'ip route show table all', 'route', () => routeRows(view)),
    listing('rule', 'ip rule', 'rule', () => ruleRows(view)),
    listing('neigh', 'ip neigh', 'neigh', () => neighbourRows(view)),
    ...backEnd('iptables', netns.iptables),
    ...(netns.iptablesLegacy === null ? [] : backEnd('iptables-legacy', netns.iptablesLegacy)),
    listing('conntrack', 'conntrack -L', 'conntrack', () => conntrackRows(view)),
    listing('addr', 'ip -4 -br addr', 'addr', () => addressRows(view)),
    listing('link', 'ip -o link', 'link', () => linkRows(view)),
    listing('fdb', 'bridge fdb', 'fdb', () => fdbRows(view)),
    listing('ebtables', 'ebtables-save', 'ebtables', () => ebtablesRows(netns.ebtables ?? {})),
    listing('ipset', 'ipset save', 'ipset', () => ipsetRows(view)),
    listing('sockets', 'ss -lntup', 'sockets', () => socketRows(view)),
    listing('proxyneigh', 'ip neigh show proxy', 'neigh', () => proxyNeighbourRows(view)),
    listing('sysctl', 'sysctl -a', 'sysctl', () => sysctlRows(view)),
  ];
}

function tableRows(tables: Iptables, name: TableName): readonly Row[] {
  const table = tables[name];
  return table === undefined ? untouchedTableRows(name) : iptablesRows(table);
}

/** A part that no dump holds is not an empty one. */
function notCollected({ netns }: NetnsView, part: Part): readonly Row[] | null {
  const missing = netns.unmodelled.find((one) => one.reason === 'NOT_COLLECTED' && one.part === part);
  return missing === undefined ? null : [row(`# ${missing.text}`, null)];
}
