import type { Hop, Leg, Trace } from '../../trace/trace.ts';
import { PLAIN } from '../paint.ts';
import { type Detail, shows } from './detail.ts';
import { probeLine } from './names.ts';
import { type TextOptions, branchLine, crossing, placeLine, placesOf, stepLine, verdictLine } from './text.ts';

/** A trace for an issue or a pull request: a heading, one table for each leg, the verdict. Ends with a newline. */
export function traceMarkdown(trace: Trace, detail: Detail, names: Pick<TextOptions, 'places' | 'world'> = {}): string {
  const places = placesOf(names);
  const lines = [`### ${cell(probeLine(trace.probe))}`, ''];
  if (trace.branch !== undefined && trace.branch.of > 1) lines.push(cell(branchLine(trace.branch)), '');
  for (const leg of trace.legs) lines.push(...legTable(leg, detail, places), '');
  lines.push(`**${cell(verdictLine(trace, PLAIN, places))}**`, '');
  return lines.join('\n');
}

function legTable(leg: Leg, detail: Detail, places: ReadonlyMap<string, string>): string[] {
  const rows = leg.hops.flatMap((hop, index) => hopRows(hop, index + 1, detail, places));
  return [`#### ${leg.kind}`, '', '| # | place | step | what |', '| --- | --- | --- | --- |', ...rows];
}

function hopRows(hop: Hop, number: number, detail: Detail, places: ReadonlyMap<string, string>): string[] {
  const place = cell(`${placeLine(hop.at, places)}${crossing(hop)}`);
  const steps = hop.steps.filter((step) => shows(detail, step));
  if (steps.length === 0) return [`| ${number} | ${place} | | |`];
  return steps.map(
    (step, index) => `| ${index === 0 ? number : ''} | ${index === 0 ? place : ''} | ${step.verb} | ${cell(stepLine(step, detail))} |`,
  );
}

/** Text that Markdown takes literally, also inside a table. */
function cell(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~]/g, String.raw`\$&`);
}
