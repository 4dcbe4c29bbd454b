import { type CheckResult, type ScenarioResult, countsOf } from '../../scenario/result.ts';
import { problemLine } from '../../scenario/source/problem.ts';
import { printable } from '../printable.ts';
import { failureLines } from './failure.ts';
import type { RunReporter } from './reporter.ts';

/** For CI servers: JUnit XML. An UNKNOWN walk is an error, a broken promise a failure. No times: a run takes none that mean anything. */
export const junit: RunReporter = {
  name: 'junit',
  scenario: () => '',
  end: (result) => {
    const { pass, fail, unknown, broken } = countsOf(result);
    const totals = `tests="${pass + fail + unknown + broken}" failures="${fail}" errors="${unknown + broken}"`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="podwalk" ${totals}>\n${result.scenarios.map(suite).join('')}</testsuites>\n`;
  },
};

function suite(scenario: ScenarioResult): string {
  const { fail, unknown, broken, pass } = countsOf({ scenarios: [scenario] });
  const totals = `tests="${pass + fail + unknown + broken}" failures="${fail}" errors="${unknown + broken}"`;
  const cases = scenario.checks.map((check) => testCase(scenario, check));
  if (scenario.problems.length > 0) {
    const lines = scenario.problems.map(problemLine);
    cases.push(
      `    <testcase classname=${quoted(scenario.file)} name="reads the file">\n      ${element('error', lines)}\n    </testcase>\n`,
    );
  }
  return `  <testsuite name=${quoted(scenario.name === '' ? scenario.file : scenario.name)} file=${quoted(scenario.file)} ${totals}>\n${cases.join('')}  </testsuite>\n`;
}

function testCase({ file }: ScenarioResult, check: CheckResult): string {
  const name = [...check.under, check.name].join(' › ');
  const head = `    <testcase classname=${quoted(file)} name=${quoted(name)} line="${check.place.line}"`;
  if (check.verdict === 'pass') return `${head}/>\n`;
  return `${head}>\n      ${element(check.verdict === 'fail' ? 'failure' : 'error', failureLines(check))}\n    </testcase>\n`;
}

function element(tag: string, lines: readonly string[]): string {
  return `<${tag} message=${quoted(lines[0] ?? '')}>${xml(lines.map(printable).join('\n'))}</${tag}>`;
}

function quoted(text: string): string {
  return `"${xml(printable(text))}"`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function xml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
