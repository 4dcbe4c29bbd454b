import type { Hop, Leg, Trace } from '../../trace/trace.ts';
import { printable } from '../printable.ts';
import { type Detail, shows } from './detail.ts';
import { probeLine } from './names.ts';
import { branchLine, crossing, stepLine, verdictLine } from './text.ts';

/** A trace for an issue or a pull request: a heading, one table for each leg, the verdict. Ends with a newline. */
export function traceMarkdown(trace: Trace, detail: Detail): string {
  const lines = [`### ${cell(probeLine(trace.probe))}`, ''];
  if (trace.branch !== undefined && trace.branch.of > 1) lines.push(cell(branchLine(trace.branch)), '');
  for (const leg of trace.legs) lines.push(...legTable(leg, detail), '');
  lines.push(`**${cell(verdictLine(trace))}**`, '');
  return lines.join('\n');
}

function legTable(leg: Leg, detail: Detail): string[] {
  const rows = leg.hops.flatMap((hop, index) => hopRows(hop, index + 1, detail));
  return [`#### ${leg.kind}`, '', '| # | place | step | what |', '| --- | --- | --- | --- |', ...rows];
}

function hopRows(hop: Hop, number: number, detail: Detail): string[] {
  const place = cell(`${printable(hop.at)}${crossing(hop)}`);
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
