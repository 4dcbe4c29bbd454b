import { type CheckResult, countsOf, exitStatus } from '../../scenario/result.ts';
import { printableJson } from '../printable.ts';
import type { RunReporter } from './reporter.ts';

/** For programs: one object with every check; the walks of those that did not pass are in it. */
export const json: RunReporter = {
  name: 'json',
  scenario: () => '',
  end: (result) => {
    const scenarios = result.scenarios.map(({ file, name, tags, checks, notes, problems }) => ({
      file,
      name,
      tags,
      notes,
      problems,
      checks: checks.map(checkJson),
    }));
    return `${printableJson({ podwalkRun: 1, status: exitStatus(result), counts: countsOf(result), scenarios }, 2)}\n`;
  },
};

function checkJson({ name, under, place, verdict, mismatches, outcomes, traces }: CheckResult): object {
  return {
    name,
    under,
    line: place.line,
    col: place.col,
    file: place.file,
    verdict,
    outcomes,
    ...(verdict === 'pass' ? {} : { mismatches, traces }),
  };
}
