import type { Scene } from './compare.ts';
import type { TwinRun } from './twin-run.ts';
import { kernelHopRows } from './frames.ts';
import { hopText, neighbourTexts, truthEntries, truthRuleRows, twinEntries, twinHopRows, twinRuleRows } from './rows.ts';
import type { TruthProbe } from './truth.ts';

/** One aspect of a probe, as the kernel and as the twin have it, a line each. */
export interface Section {
  readonly name: string;
  readonly kernel: readonly string[];
  readonly twin: readonly string[];
}

/** Both walks, aspect by aspect, in the order in which a reader follows them. */
export function sectionsOf(truth: TruthProbe, run: TwinRun, scene: Scene): Section[] {
  const { trace } = run;
  const byPlace = (name: string, kernel: ReadonlyMap<string, string[]>, twin: ReadonlyMap<string, string[]>): Section[] =>
    [...new Set([...kernel.keys(), ...twin.keys()])]
      .sort()
      .map((at) => ({ name: `${name} in ${at}`, kernel: kernel.get(at) ?? [], twin: twin.get(at) ?? [] }));
  const mapped = <T>(rows: Iterable<readonly [string, readonly T[]]>, texts: (row: readonly T[]) => string[]): Map<string, string[]> =>
    new Map([...rows].map(([at, list]) => [at, texts(list)]));
  return [
    {
      name: 'outcome',
      kernel: [outcomeText(truth.outcome.replace('delivered-no-reply', 'delivered'), truth.sendErrno, truth.icmpErrors)],
      twin: [outcomeText(trace.outcome, trace.errno, trace.icmpErrors)],
    },
    {
      name: 'as the receiver sees it',
      kernel: truth.delivered === null ? [] : [deliveredText(truth.delivered.ns, truth.delivered)],
      twin: trace.delivered === null ? [] : [deliveredText(trace.delivered.at, trace.delivered)],
    },
    { name: 'as the sender sees the answer', kernel: fromText(truth.reply), twin: fromText(trace.reply) },
    { name: 'hops there', kernel: kernelHopRows(truth, run, 'request').map(hopText), twin: twinHopRows(trace, 'request').map(hopText) },
    { name: 'hops back', kernel: kernelHopRows(truth, run, 'reply').map(hopText), twin: twinHopRows(trace, 'reply').map(hopText) },
    ...byPlace('rules', truthRuleRows(truth), twinRuleRows(trace)),
    ...byPlace(
      'connections',
      mapped(Object.entries(truth.conntrack), (rows) => truthEntries(rows, scene.vxlanPorts)),
      mapped(run.conntrack, (rows) => twinEntries(rows, scene.vxlanPorts)),
    ),
    ...byPlace(
      'neighbours',
      mapped(Object.entries(truth.neigh), (rows) => neighbourTexts(rows, true)),
      mapped(run.neighbours, (rows) => neighbourTexts(rows, true)),
    ),
  ].filter(({ kernel, twin }) => kernel.length > 0 || twin.length > 0);
}

function outcomeText(outcome: string, errno: string | null, errors: readonly { type: number; code: number; from: string }[]): string {
  return [outcome, ...(errno === null ? [] : [errno]), ...errors.map(({ type, code, from }) => `ICMP ${type}/${code} from ${from}`)].join(
    ', ',
  );
}

function deliveredText(at: string, { proto, src, dst }: { proto: string; src: string; dst: string }): string {
  return `${at} ${proto} ${src} -> ${dst}`;
}

function fromText(reply: { from: string } | null): string[] {
  return reply === null ? [] : [`from ${reply.from}`];
}
