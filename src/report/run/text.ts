import { type CheckResult, type ScenarioResult, type Verdict, countsOf } from '../../scenario/result.ts';
import { problemLine } from '../../scenario/source/problem.ts';
import { LIMITS } from '../../scenario/source/limits.ts';
import { counted } from '../../wire/counted.ts';
import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import { traceText } from '../trace/text.ts';
import { failureLines } from './failure.ts';
import type { RunReportOptions, RunReporter } from './reporter.ts';

const MARKS: Readonly<Record<Verdict, string>> = { pass: 'ok', fail: 'FAIL', unknown: 'UNKNOWN' };

/** For people: one line for each scenario that holds, everything about those that do not. */
export const text: RunReporter = {
  name: 'text',
  scenario: (result, options) => `${scenarioLines(result, options).join('\n')}\n`,
  end: (result, { paint }) => {
    const { scenarios, pass, fail, unknown, broken } = countsOf(result);
    const parts = [paint.green(`${pass} passed`)];
    if (fail > 0) parts.push(paint.red(`${fail} failed`));
    if (unknown > 0) parts.push(paint.yellow(`${unknown} unknown`));
    if (broken > 0) parts.push(paint.red(`${counted(broken, 'file')} with errors`));
    return `\n${counted(scenarios, 'scenario')}, ${counted(pass + fail + unknown, 'check')}: ${parts.join(', ')}\n`;
  },
};

function scenarioLines(result: ScenarioResult, options: RunReportOptions): string[] {
  const { paint } = options;
  const bad = result.checks.filter(({ verdict }) => verdict !== 'pass');
  const verdict =
    result.problems.length > 0 || bad.some((check) => check.verdict === 'fail') ? 'fail' : bad.length > 0 ? 'unknown' : 'pass';
  const count = `${result.checks.length - bad.length}/${result.checks.length}`;
  const title = result.name === '' ? [] : [printable(result.name)];
  // Where nothing is checked, nothing is well.
  const isEmpty = result.checks.length === 0 && verdict === 'pass';
  const [sign, sum] = isEmpty ? ['-   ', 'no checks'] : [mark(verdict, paint), count];
  const lines = [[sign, paint.bold(printable(result.file)), ...title, paint.dim(sum)].join(' ')];
  for (const note of result.notes) lines.push(`     ${paint.dim(`note: ${printable(note)}`)}`);
  for (const problem of result.problems.slice(0, LIMITS.MAX_PROBLEMS)) lines.push(`     ${paint.red(printable(problemLine(problem)))}`);
  if (result.problems.length > LIMITS.MAX_PROBLEMS) lines.push(`     … and ${result.problems.length - LIMITS.MAX_PROBLEMS} more`);
  for (const check of bad) lines.push(...checkLines(check, options));
  return lines;
}

function checkLines(check: CheckResult, { paint, detail }: RunReportOptions): string[] {
  const { file, line, col } = check.place;
  const name = [...check.under, check.name].map(printable).join(' › ');
  const lines = [`     ${mark(check.verdict, paint)} ${name} ${paint.dim(`(${printable(file)}:${line}:${col})`)}`];
  for (const failure of failureLines(check)) lines.push(`          ${failure}`);
  if (detail !== null) {
    for (const trace of check.traces)
      lines.push(...traceText(trace, { detail, paint, places: check.places }).trimEnd().replaceAll(/^/gm, '          ').split('\n'));
  }
  return lines;
}

function mark(verdict: Verdict, paint: Paint): string {
  const colour = { pass: paint.green, fail: paint.red, unknown: paint.yellow }[verdict];
  return colour(MARKS[verdict].padEnd(4));
}
