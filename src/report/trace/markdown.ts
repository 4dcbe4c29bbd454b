import type { Hop, Leg, Step, Trace } from '../../trace/trace.ts';
import { printable } from '../printable.ts';
import { PLAIN } from '../paint.ts';
import { type Detail, shows } from './detail.ts';
import { headerLine, probeLine } from './names.ts';
import { type TextOptions, branchLine, crossing, placeLine, placesOf, stepLine, verdictLine } from './text.ts';

type Places = ReadonlyMap<string, string>;

/**
 * A trace for an issue, a pull request or a post-mortem: the verdict, what decided, a table for each leg. Whatever names hold is shown as
 * it is: it makes no markup, no link and no mention. Ends with a newline.
 */
export function traceMarkdown(trace: Trace, detail: Detail, names: Pick<TextOptions, 'places' | 'world'> = {}): string {
  const places = placesOf(names);
  const lines = [`### ${plain(probeLine(trace.probe))}`, '', `**${plain(verdictLine(trace, PLAIN, places))}**`, ''];
  const deciding = decidingStep(trace);
  if (deciding !== null) {
    const { leg, hop, number, step } = deciding;
    lines.push(
      `Decided at hop ${number} of the ${leg.kind}, ${plain(placeLine(hop.at, places))}: ${step.verb} ${code(stepLine(step, 'summary'))}`,
      '',
    );
  }
  if (trace.branch !== undefined && trace.branch.of > 1) lines.push(plain(branchLine(trace.branch)), '');
  for (const leg of trace.legs) lines.push(...legTable(leg, detail, places), '');
  return lines.join('\n');
}

interface Deciding {
  readonly leg: Leg;
  readonly hop: Hop;
  /** From 1. */
  readonly number: number;
  readonly step: Step;
}

/** The step that ended the request: refused, unknown or delivered, in this order. */
function decidingStep({ legs }: Trace): Deciding | null {
  const leg = legs.find(({ kind }) => kind === 'request');
  if (leg === undefined) return null;
  const steps = leg.hops.flatMap((hop, index) => hop.steps.map((step) => ({ leg, hop, number: index + 1, step })));
  const ended = (...verbs: readonly Step['verb'][]): Deciding | undefined => steps.findLast(({ step }) => verbs.includes(step.verb));
  return ended('DROPPED', 'REJECTED') ?? ended('UNKNOWN') ?? ended('DELIVERED') ?? null;
}

function legTable(leg: Leg, detail: Detail, places: Places): string[] {
  const fragments = leg.fragments === undefined ? '' : `, ${leg.fragments} fragments`;
  const rows = leg.hops.flatMap((hop, index) => hopRows(hop, index + 1, detail, places));
  return [`#### ${leg.kind}${fragments}`, '', '| # | place | step | what |', '| --- | --- | --- | --- |', ...rows];
}

function hopRows(hop: Hop, number: number, detail: Detail, places: Places): string[] {
  const place = plain(`${placeLine(hop.at, places)}${crossing(hop)}`);
  const cells = hop.steps.filter((step) => shows(detail, step)).map((step) => `${step.verb} | ${code(stepLine(step, detail))}`);
  if (detail === 'detailed') {
    if (hop.rx !== undefined) cells.unshift(`rx | ${code(headerLine(hop.rx))}`);
    if (hop.tx !== undefined) cells.push(`tx | ${code(headerLine(hop.tx))}`);
  }
  if (cells.length === 0) return [`| ${number} | ${place} | | |`];
  return cells.map((cell, index) => `| ${index === 0 ? number : ''} | ${index === 0 ? place : ''} | ${cell} |`);
}

/** Text that Markdown takes literally, also inside a table; an address or a name in it becomes no link and no mention. @source GFM 0.29, 2.4 and 6.9 */
function plain(text: string): string {
  return printable(text)
    .replaceAll(/[\\`*_{}[\]<>#|~&]|:(?=\/\/)|(?<=www)\./gi, String.raw`\$&`)
    .replaceAll('@', '@\u200b');
}

/** A code span: nothing in it is markup. A pipe behind a backslash would end a table's cell, so such a text is escaped instead. */
function code(text: string): string {
  const clean = printable(text);
  if (clean.includes('\\|') || clean.trim() === '') return plain(clean);
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(clean) ? ' ' : '';
  return `${fence}${pad}${clean.replaceAll('|', String.raw`\|`)}${pad}${fence}`;
}
