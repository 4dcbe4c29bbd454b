import type { ConntrackEntry, Hop, Leg, Step, Trace, Tuple } from '../../trace/trace.ts';
import type { TruthEntry, TruthHeader, TruthHop, TruthNeighbour, TruthProbe, TruthTuple } from './truth.ts';

/** Which device is a port of which bridge, by `MACHINE/NETNS`. */
export type Bridges = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The UDP ports of vxlan devices: the source port of what is sent there is a hash, which both sides write as 0. */
export type VxlanPorts = ReadonlySet<number>;

/** One visit of a namespace, in the words of the recording. */
export interface HopRow {
  readonly ns: string;
  readonly in: string | null;
  readonly through: readonly string[];
  readonly out: string | null;
  readonly rx: string | null;
  readonly tx: string | null;
}

/** A header in a line. */
export function headerText(h: TruthHeader): string {
  const ports = h.id === undefined ? `${h.sport ?? '-'}>${h.dport ?? '-'}` : `id ${h.id}`;
  const vni = h.vni === undefined ? '' : ` vni ${h.vni}`;
  return `${h.src}>${h.dst} ${ports} ttl ${h.ttl} ${h.smac}>${h.dmac}${vni}`;
}

export function truthHopRows(hops: readonly TruthHop[]): HopRow[] {
  return hops
    .filter((hop) => hop.in !== undefined || hop.out !== undefined)
    .map((hop) => ({
      ns: hop.ns,
      in: hop.in ?? null,
      through: hop.through ?? [],
      out: hop.out ?? null,
      rx: hop.rx === undefined ? null : headerText(hop.rx),
      tx: hop.tx === undefined ? null : headerText(hop.tx),
    }));
}

/** A header of the twin in the words of the truth's; null where there is none. */
export function twinHeader(header: Hop['rx']): string | null {
  if (header === undefined) return null;
  if ('op' in header) return 'arp';
  const h = header;
  const ports: Partial<TruthHeader> = {
    ...(h.proto === 'icmp' ? { id: h.sport ?? 0 } : {}),
    ...(h.proto !== 'icmp' && h.sport !== undefined ? { sport: h.sport } : {}),
    ...(h.proto !== 'icmp' && h.dport !== undefined ? { dport: h.dport } : {}),
    ...(h.vni === undefined ? {} : { vni: h.vni }),
  };
  return headerText({ src: h.src, dst: h.dst, ttl: h.ttl, smac: nameless(h.smac), dmac: nameless(h.dmac), ...ports });
}

/** Nobody knows the address of a neighbour outside of the model. */
function nameless(mac: string | null | undefined): string {
  return mac === null || mac === undefined || mac === '' ? '-' : mac;
}

/** The hops of the first leg of a kind; those without `in` and `out` say nothing of the path. */
export function twinHopRows(trace: Trace, kind: Leg['kind']): HopRow[] {
  // Of several answers the one that somebody took tells the way back.
  const all = trace.legs.filter((candidate) => candidate.kind === kind);
  const leg = all.find(({ hops }) => hops.at(-1)?.steps.some(({ verb }) => verb === 'DELIVERED') === true) ?? all[0];
  return (leg?.hops ?? [])
    .filter((hop) => hop.in !== undefined || hop.out !== undefined)
    .map((hop) => ({
      ns: hop.at,
      in: hop.in ?? null,
      through: hop.through ?? [],
      out: hop.out ?? null,
      rx: twinHeader(hop.rx),
      tx: twinHeader(hop.tx),
    }));
}

/**
 * The hop as the recorder's taps would have shown it. They do not show that a bridge port received a frame: a frame that is bridged has
 * no `in`, one that goes up has the bridge.
 */
export function asTapped(row: HopRow, seen: HopRow, bridges: Bridges): HopRow {
  const bridge = row.in === null ? undefined : bridges.get(row.ns)?.get(row.in);
  if (bridge === undefined || seen.in === row.in) return row;
  const rest = row.through[0] === bridge && String(row.through) !== String(seen.through) ? row.through.slice(1) : row.through;
  return seen.in === null ? { ...row, in: null, rx: null, through: rest } : { ...row, in: bridge, through: rest };
}

/** A frame that ended inside a bridge left no row in the recording; one that went up to the bridge did. */
export function endsInBridge(row: HopRow, seen: HopRow | undefined, bridges: Bridges): boolean {
  const bridge = row.in === null ? undefined : bridges.get(row.ns)?.get(row.in);
  return row.out === null && bridge !== undefined && (seen?.ns !== row.ns || seen.in !== bridge);
}

export function hopText(row: HopRow): string {
  const path = [row.in ?? '·', ...row.through.map((dev) => `(${dev})`), row.out ?? '·'].join(' ');
  return `${row.ns}: ${path} | rx ${row.rx ?? '-'} | tx ${row.tx ?? '-'}`;
}

/**
 * The rules and policies by namespace, in order. Each back end of iptables has a trace of its own, so in which order the two were asked
 * nobody knows.
 */
export type RuleRows = Map<string, string[]>;

export function truthRuleRows(probe: TruthProbe): RuleRows {
  const rows: RuleRows = new Map();
  for (const { ns, backEnd, table, chain, rule, verdict } of probe.trace) {
    push(rows, traced(ns, backEnd), `${table} ${chain} ${rule ?? 'policy'} ${verdict}`);
  }
  return rows;
}

export function twinRuleRows(trace: Trace): RuleRows {
  const rows: RuleRows = new Map();
  for (const { at, step } of inOrderOfLogs(stepsInOrder(trace))) {
    const ns = traced(at, (step.rule ?? step.policy)?.backEnd);
    if (step.rule !== undefined) push(rows, ns, `${step.rule.table} ${step.rule.chain} ${step.rule.index} ${verdictOf(step)}`);
    else if (step.policy !== undefined) {
      push(rows, ns, `${step.policy.table} ${step.policy.chain} policy ${step.policy.verdict.toLowerCase()}`);
    }
  }
  return rows;
}

/** iptables-legacy logs a rule before its target does something, nftables after: a REJECT comes before what its answer hits. */
function inOrderOfLogs(steps: readonly PlacedStep[]): PlacedStep[] {
  const sorted: PlacedStep[] = [];
  for (const placed of steps) {
    const { rule } = placed.step;
    const isEarly = rule?.backEnd === 'legacy' && rule.text.includes('-j REJECT');
    // Nothing comes between the packet's own steps but what its answer meets at once.
    const answered = isEarly ? sorted.findLastIndex(({ leg }) => leg === placed.leg) + 1 : sorted.length;
    sorted.splice(answered, 0, placed);
  }
  return sorted;
}

function traced(ns: string, backEnd: 'legacy' | undefined): string {
  return backEnd === undefined ? ns : `${ns} (iptables-legacy)`;
}

function push(rows: RuleRows, ns: string, row: string): void {
  const list = rows.get(ns) ?? [];
  list.push(row);
  rows.set(ns, list);
}

interface PlacedStep {
  readonly at: string;
  readonly leg: Leg;
  readonly step: Step;
}

export function stepsInOrder(trace: Trace): PlacedStep[] {
  const all: PlacedStep[] = [];
  const take = (leg: Leg): void => {
    for (const hop of leg.hops) for (const step of hop.steps) all.push({ at: hop.at, leg, step });
    for (const copy of leg.copies ?? []) take(copy);
  };
  for (const leg of trace.legs) take(leg);
  return all.sort((a, b) => a.step.seq - b.step.seq);
}

const VERDICTS: ReadonlyMap<string, string> = new Map([
  ['ACCEPT', 'accept'],
  ['DROP', 'drop'],
  ['REJECT', 'drop'],
  ['RETURN', 'return'],
  ['DNAT', 'accept'],
  ['SNAT', 'accept'],
  ['MASQUERADE', 'accept'],
  ['REDIRECT', 'accept'],
  ['NETMAP', 'accept'],
]);

/** The verdict as nftables names it. Targets in capitals that are not listed let the packet go on, other names are chains. */
function verdictOf(step: Step): string {
  // iptables-legacy does not tell what a target decided. What it is meant to decide stands for it on both sides.
  if (step.verb === 'DROPPED' && step.rule?.backEnd !== 'legacy') return 'drop';
  const target = / -([jg]) (\S+)/.exec(` ${step.rule?.text ?? ''}`);
  if (target?.[2] === undefined) return 'continue';
  if (target[1] === 'g') return 'goto';
  return VERDICTS.get(target[2]) ?? (CONTINUING.has(target[2]) ? 'continue' : 'jump');
}

const CONTINUING = new Set([
  'MARK',
  'CONNMARK',
  'TTL',
  'DSCP',
  'TOS',
  'LOG',
  'NFLOG',
  'NOTRACK',
  'CT',
  'TCPMSS',
  'SET',
  'CLASSIFY',
  'TRACE',
  'CHECKSUM',
]);

function tupleText(t: TruthTuple, vxlan: VxlanPorts): string {
  if (t.id !== undefined) return `${t.proto} ${t.src}>${t.dst} id ${t.id}`;
  const sport = t.proto === 'udp' && vxlan.has(t.dport ?? -1) ? 0 : t.sport;
  const dport = t.proto === 'udp' && vxlan.has(t.sport ?? -1) ? 0 : t.dport;
  return `${t.proto} ${t.src}>${t.dst} ${sport ?? '-'}>${dport ?? '-'}`;
}

function twinTuple(t: Tuple): TruthTuple {
  const { proto, src, dst } = t;
  return proto === 'icmp' ? { proto, src, dst, id: t.sport ?? 0 } : t;
}

function entryText({ orig, reply, status, mark = 0 }: TruthEntry, vxlan: VxlanPorts): string {
  // What is sent into a tunnel keeps its hashed port where only its destination is translated.
  const isTunnel = orig.proto === 'udp' && vxlan.has(orig.dport ?? -1);
  const back = isTunnel && reply.dport === orig.sport ? { ...reply, dport: 0 } : reply;
  const shownMark = mark === 0 ? '' : ` mark ${mark}`;
  return `${tupleText(orig, vxlan)} / ${tupleText(back, vxlan)} [${[...status].sort().join(' ')}]${shownMark}`;
}

export function truthEntries(entries: readonly TruthEntry[], vxlan: VxlanPorts): string[] {
  return entries.map((entry) => entryText(entry, vxlan)).sort();
}

export function twinEntries(entries: readonly ConntrackEntry[], vxlan: VxlanPorts): string[] {
  return entries
    .map(({ orig, reply, status, mark }) =>
      entryText({ orig: twinTuple(orig), reply: twinTuple(reply), status, ...(mark === undefined ? {} : { mark }) }, vxlan),
    )
    .sort();
}

export function neighbourTexts(rows: readonly TruthNeighbour[], withState: boolean): string[] {
  return rows.map(({ dev, ip, mac, state }) => `${dev} ${ip} ${mac ?? 'unresolved'}${withState ? ` ${state}` : ''}`).sort();
}
