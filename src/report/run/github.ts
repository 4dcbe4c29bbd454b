import { type ScenarioResult, countsOf } from '../../scenario/result.ts';
import { withExpected } from '../../scenario/source/problem.ts';
import { counted } from '../../wire/counted.ts';
import { printable } from '../printable.ts';
import { failureLines } from './failure.ts';
import type { RunReporter } from './reporter.ts';

/** Workflow commands of GitHub Actions: each failure as an annotation at its line of the scenario. */
export const github: RunReporter = {
  name: 'github',
  scenario: (result) => annotations(result).join(''),
  end: (result) => {
    const { pass, fail, unknown, broken, scenarios } = countsOf(result);
    return `podwalk: ${counted(scenarios, 'scenario')}, ${pass} passed, ${fail} failed, ${unknown} unknown, ${broken} with errors\n`;
  },
};

function annotations({ checks, problems }: ScenarioResult): string[] {
  const failed = checks
    .filter(({ verdict }) => verdict !== 'pass')
    .map((check) => {
      const level = check.verdict === 'fail' ? 'error' : 'warning';
      const name = [...check.under, check.name].join(' › ');
      return command(level, check.place, name, failureLines(check).join('\n'));
    });
  const broken = problems.map((problem) => command('error', problem, 'bad input', withExpected(problem.message, problem.expected)));
  return [...failed, ...broken];
}

function command(level: string, place: { file: string; line: number; col: number }, title: string, message: string): string {
  const lines = message.split('\n').map(printable).join('\n');
  const at = place.line === 0 ? '' : `,line=${place.line},col=${place.col}`;
  return `::${level} file=${property(place.file)}${at},title=${property(title)}::${data(lines)}\n`;
}

/** @source actions/toolkit core/src/command.ts escapeData, escapeProperty */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
