import type { Trace } from '../../trace/trace.ts';
import {
  type Bridges,
  type HopRow,
  type RuleRows,
  type VxlanPorts,
  asTapped,
  endsInBridge,
  hopText,
  neighbourTexts,
  truthEntries,
  truthRuleRows,
  twinEntries,
  twinHopRows,
  twinRuleRows,
} from './rows.ts';
import { kernelHopRows } from './frames.ts';
import { withTwinsPorts } from './chosen-ports.ts';
import type { TwinRun } from './twin-run.ts';
import type { TruthProbe } from './truth.ts';

/** What is compared, from what a user sees first to what explains it. */
export const TIERS = [
  'outcome',
  'errno',
  'delivered',
  'reply',
  'icmp',
  'hops',
  'replyHops',
  'rules',
  'conntrack',
  'neighbours',
  'neighbourStates',
  'routes',
] as const;
export type Tier = (typeof TIERS)[number];

/** What a user reads of the tiers: the groups in which agreement is told. */
export const TIER_GROUPS: readonly { readonly name: string; readonly tiers: readonly Tier[] }[] = [
  { name: 'outcome', tiers: ['outcome', 'errno', 'delivered', 'reply', 'icmp'] },
  { name: 'hops', tiers: ['hops', 'replyHops'] },
  { name: 'rules and conntrack', tiers: ['rules', 'conntrack'] },
  { name: 'neighbours and routes', tiers: ['neighbours', 'neighbourStates', 'routes'] },
];

/** What of a World the comparison needs. */
export interface Scene {
  readonly bridges: Bridges;
  readonly vxlanPorts: VxlanPorts;
  /** `NETNS TABLE CHAIN` of every built-in chain without a rule. */
  readonly emptyChains: ReadonlySet<string>;
}

/**
 * Who wrote the truth down. The recordings were made with taps that do not show what a bridge port receives, from dumps that do not show
 * which built-in chains the kernel has; what was seen live and kept has neither gap. Live the twin is told, as well, which ports the kernel
 * chose.
 */
export type Witness = 'recorded' | 'kept' | 'live';

/** The first place of a tier where kernel and twin part. */
export interface Difference {
  readonly tier: Tier;
  readonly where: string;
  readonly kernel: string;
  readonly twin: string;
}

const NOTHING = '(nothing)';
const NO_BRIDGES: Bridges = new Map();
const NO_CHAINS: ReadonlySet<string> = new Set();

/** Compares what the kernel did with a probe with the twin's run of it; at most one difference for each tier. */
export function compare(seen: TruthProbe, run: TwinRun, scene: Scene, witness: Witness): Difference[] {
  const truth = witness === 'live' ? seen : withTwinsPorts(seen, run, scene.vxlanPorts);
  const found: Difference[] = [];
  const claim = (tier: Tier, kernel: string, twin: string, where = ''): void => {
    if (kernel !== twin && !found.some((difference) => difference.tier === tier)) found.push({ tier, where, kernel, twin });
  };
  const { trace } = run;
  const ports = { all: scene.bridges, untapped: witness === 'recorded' ? scene.bridges : NO_BRIDGES };
  const hidden = witness === 'recorded' ? scene.emptyChains : NO_CHAINS;
  claim('outcome', outcomeOf(truth, trace), trace.outcome);
  claim('errno', truth.sendErrno ?? NOTHING, trace.errno ?? NOTHING);
  claim('delivered', ...deliveries(truth, trace));
  claim('reply', truth.reply?.from ?? NOTHING, trace.reply?.from ?? NOTHING);
  claim('icmp', errors(truth.icmpErrors), errors(trace.icmpErrors));
  if (truth.redirected !== undefined) claim('icmp', redirects(truth.redirected), redirects(run.redirected));
  compareHops(kernelHopRows(truth, run, 'request'), twinHopRows(trace, 'request'), ports, (...texts) => claim('hops', ...texts));
  compareHops(kernelHopRows(truth, run, 'reply'), twinHopRows(trace, 'reply'), ports, (...texts) => claim('replyHops', ...texts));
  compareRules(truthRuleRows(truth), twinRuleRows(trace), hidden, (...texts) => claim('rules', ...texts));
  for (const ns of union(Object.keys(truth.conntrack), run.conntrack.keys())) {
    const kernel = truthEntries(truth.conntrack[ns] ?? [], scene.vxlanPorts);
    compareLists(kernel, twinEntries(run.conntrack.get(ns) ?? [], scene.vxlanPorts), (k, t) => claim('conntrack', k, t, ns));
  }
  for (const ns of union(Object.keys(truth.neigh), run.neighbours.keys())) {
    for (const [tier, states] of [['neighbours', false] as const, ['neighbourStates', true] as const]) {
      const kernel = neighbourTexts(truth.neigh[ns] ?? [], states);
      compareLists(kernel, neighbourTexts(run.neighbours.get(ns) ?? [], states), (k, t) => claim(tier, k, t, ns));
    }
  }
  return found;
}

/**
 * The outcome that the twin should report. The recorder knew of a TCP delivery only from a finished handshake, and of an echo request's
 * only from the answer on a wire; live, a handshake that was begun tells as well, but none is begun where the answer has no route.
 */
function outcomeOf(truth: TruthProbe, trace: Trace): string {
  const [surest, ...others] = possibleOutcomes(truth);
  return others.find((outcome) => outcome === trace.outcome) ?? surest;
}

/** The outcomes that what the kernel was seen to do allows, the likeliest first. */
export function possibleOutcomes(truth: TruthProbe): [string, ...string[]] {
  if (truth.outcome === 'delivered-no-reply') return ['delivered'];
  return truth.outcome === 'dropped' && couldNotTell(truth) ? ['dropped', 'delivered'] : [truth.outcome];
}

function couldNotTell(truth: TruthProbe): boolean {
  if (truth.delivered !== null) return false;
  return truth.probe.proto === 'tcp' || (truth.probe.proto === 'icmp' && truth.replyHops.length === 0);
}

function deliveries(truth: TruthProbe, trace: Trace): [string, string] {
  const twin = trace.delivered;
  const text = (ns: string, d: { proto: string; src: string; dst: string }): string => `${ns} ${d.proto} ${d.src} -> ${d.dst}`;
  const twinText = twin === null ? NOTHING : text(twin.at, twin);
  if (truth.delivered !== null) return [text(truth.delivered.ns, truth.delivered), twinText];
  return couldNotTell(truth) ? [twinText, twinText] : [NOTHING, twinText];
}

function errors(list: readonly { type: number; code: number; from: string }[]): string {
  return list.length === 0 ? NOTHING : list.map(({ type, code, from }) => `${type}/${code} from ${from}`).join(', ');
}

function redirects(receivers: readonly string[]): string {
  return receivers.length === 0 ? NOTHING : `redirect to ${[...receivers].sort().join(', ')}`;
}

/** Taps do not show that a bridge took a frame from a port, or from a tunnel that is one, which it then lost. */
function endedInside(row: HopRow, seen: HopRow, bridges: Bridges): HopRow {
  const port = seen.through.at(-1) ?? seen.in;
  const bridge = port === null ? undefined : bridges.get(row.ns)?.get(port);
  const isLost = row.out === null && seen.out === null && row.in === seen.in && bridge !== undefined;
  return isLost && String(row.through) === String([...seen.through, bridge]) ? { ...row, through: seen.through } : row;
}

/** The bridges of all ports, and of those on which taps do not show what was received. */
interface Ports {
  readonly all: Bridges;
  readonly untapped: Bridges;
}

type Claim = (kernel: string, twin: string, where?: string) => void;

function compareHops(kernel: readonly HopRow[], twin: readonly HopRow[], ports: Ports, claim: Claim): void {
  let at = 0;
  for (const row of twin) {
    const seen = kernel[at];
    const text = hopText(seen === undefined ? row : asTapped(endedInside(row, seen, ports.all), seen, ports.untapped));
    if (seen !== undefined && text === hopText(seen)) at++;
    else if (!endsInBridge(row, seen, ports.untapped)) {
      claim(seen === undefined ? NOTHING : hopText(seen), text, `hop ${at + 1}`);
      return;
    }
  }
  const seen = kernel[at];
  if (seen !== undefined) claim(hopText(seen), NOTHING, `hop ${at + 1}`);
}

/**
 * iptables-nft-save lists all built-in chains of a table, also those that the kernel does not have because nobody ever wrote to them. No
 * dump tells: the twin may name the policy of an empty chain where the kernel met none.
 * @source iptables iptables/nft.c nft_xt_fake_builtin_chains
 */
function compareRules(kernel: RuleRows, twin: RuleRows, emptyChains: ReadonlySet<string>, claim: Claim): void {
  for (const ns of union(kernel.keys(), twin.keys())) {
    const left = kernel.get(ns) ?? [];
    let at = 0;
    for (const row of twin.get(ns) ?? []) {
      if (row === left[at]) at++;
      else if (!emptyChains.has(`${ns} ${row.replace(/ policy accept$/, '')}`)) {
        claim(left[at] ?? NOTHING, row, `${ns}, entry ${at + 1} of ${left.length}`);
        return;
      }
    }
    if (at < left.length) claim(left[at] ?? NOTHING, NOTHING, `${ns}, entry ${at + 1} of ${left.length}`);
  }
}

function compareLists(kernel: readonly string[], twin: readonly string[], claim: (kernel: string, twin: string) => void): void {
  const missing = kernel.find((row) => !twin.includes(row));
  const extra = twin.find((row) => !kernel.includes(row));
  if (missing !== undefined || extra !== undefined || kernel.length !== twin.length) claim(missing ?? NOTHING, extra ?? NOTHING);
}

function union(a: Iterable<string>, b: Iterable<string>): string[] {
  return [...new Set([...a, ...b])].sort();
}
