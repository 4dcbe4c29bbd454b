import type { CheckResult } from '../../scenario/result.ts';
import { problemLine } from '../../scenario/source/problem.ts';
import { printable } from '../printable.ts';
import { failureLines } from './failure.ts';
import type { RunReporter } from './reporter.ts';

/** The Test Anything Protocol, version 14. */
export const tap: RunReporter = {
  name: 'tap',
  scenario: () => '',
  end: ({ scenarios }) => {
    const points: string[] = [];
    const point = (ok: boolean, name: string, lines: readonly string[]): void => {
      points.push(`${ok ? 'ok' : 'not ok'} ${points.length + 1} - ${description(name)}\n${ok ? '' : diagnostics(lines)}`);
    };
    for (const { file, checks, problems } of scenarios) {
      for (const check of checks)
        point(check.verdict === 'pass', `${file}: ${nameOf(check)}`, [`verdict: ${check.verdict}`, ...failureLines(check)]);
      if (problems.length > 0) point(false, `${file}: reads the file`, problems.map(problemLine));
    }
    return `TAP version 14\n1..${points.length}\n${points.join('')}`;
  },
};

function nameOf(check: CheckResult): string {
  return [...check.under, check.name].join(' › ');
}

function description(text: string): string {
  return printable(text).replaceAll(/[\\#]/g, String.raw`\$&`);
}

function diagnostics(lines: readonly string[]): string {
  return `  ---\n  message: |\n${lines.map((line) => `    ${printable(line)}\n`).join('')}  ...\n`;
}
