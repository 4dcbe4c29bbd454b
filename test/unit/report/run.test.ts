import { describe, expect, test } from 'vitest';
import { PLAIN } from '../../../src/report/paint.ts';
import { failureLines } from '../../../src/report/run/failure.ts';
import { RUN_REPORTERS } from '../../../src/report/run/reporters.ts';
import { type CheckResult, type RunResult, type ScenarioResult, exitStatus } from '../../../src/scenario/result.ts';
import { droppedTrace } from './fake-trace.ts';

const NASTY = 'a\u001b[2Jb\u0007\u202ec\n::error::<&"\'>]]>\ud800#%';
const place = { file: `${NASTY}.yaml`, line: 3, col: 5 };

function check(change: Partial<CheckResult> = {}): CheckResult {
  const trace = droppedTrace();
  const step = trace.legs[0]?.hops[0]?.steps.at(-1);
  if (step === undefined) throw new Error('the fake trace has no step');
  return {
    name: NASTY,
    under: [NASTY],
    place,
    verdict: 'fail',
    places: new Map([['node0/cni-1', 'pod default/web']]),
    mismatches: [
      { field: 'expect', expected: NASTY, happened: NASTY, deciding: { at: NASTY, leg: 'request', step: { ...step, text: NASTY } } },
    ],
    outcomes: [{ outcome: 'dropped', reason: 'X', text: NASTY }],
    traces: [{ ...trace, text: NASTY }],
    ...change,
  };
}

function scenario(change: Partial<ScenarioResult> = {}): ScenarioResult {
  return { file: place.file, name: NASTY, tags: [NASTY], checks: [check()], notes: [NASTY], problems: [], ...change };
}

function report(name: string, result: RunResult): string {
  const reporter = RUN_REPORTERS.find((one) => one.name === name);
  if (reporter === undefined) throw new Error(`there is no reporter ${name}`);
  const options = { paint: PLAIN, detail: 'detailed' as const };
  return result.scenarios.map((one) => reporter.scenario(one, options)).join('') + reporter.end(result, options);
}

const everything: RunResult = {
  scenarios: [
    scenario(),
    scenario({ checks: [check({ verdict: 'unknown', mismatches: [] }), check({ verdict: 'pass', mismatches: [], traces: [] })] }),
    scenario({ checks: [], problems: [{ ...place, message: NASTY, expected: NASTY }] }),
  ],
};

describe('no report lets foreign text drive a terminal', () => {
  test.each(RUN_REPORTERS.map(({ name }) => name))('%s', (name) => {
    const lines = report(name, everything).split('\n');
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
  });

  test('junit holds nothing that breaks XML', () => {
    const xml = report('junit', everything);
    const text = xml.replaceAll(/<[^<>]*>/g, '');
    expect(text).not.toMatch(/[<>]/);
    expect(xml).toMatch(/tests="4" failures="1" errors="2"/);
  });

  test('github starts a command only where the reporter does', () => {
    for (const line of report('github', everything).split('\n')) {
      expect(line.startsWith('::')).toBe(/^::(?:error|warning) file=[^,]*,line=3,col=5,title=/.test(line));
      expect(line.replace(/^::(?:error|warning) [^:]*::/, '')).not.toMatch(/^::/);
    }
  });

  test('tap has as many points as its plan', () => {
    const lines = report('tap', everything).split('\n');
    expect(lines[1]).toBe('1..4');
    expect(lines.filter((line) => /^(?:not )?ok \d+ - /.test(line))).toHaveLength(4);
  });

  test('json is JSON', () => {
    expect(JSON.parse(report('json', everything))).toMatchObject({
      podwalkRun: 1,
      counts: { scenarios: 3, pass: 1, fail: 1, unknown: 1, broken: 1 },
    });
  });
});

test('a failing check prints at most ten lines, its name included', () => {
  const many = check({
    mismatches: Array.from({ length: 7 }, (_, i) => ({ field: `f${i}`, expected: 'a', happened: 'b', deciding: null })),
  });
  expect(failureLines(many)).toHaveLength(9);
  expect(failureLines(many).at(-1)).toContain('6 more lines');
});

test('a failing check calls pods by their names', () => {
  const told = check({ mismatches: [{ field: 'expect', expected: 'replied', happened: 'dropped at node0/cni-1: why', deciding: null }] });
  expect(failureLines(told)[1]).toBe('        happened dropped at pod default/web: why');
});

test('an undecided check says what is not modelled', () => {
  const trace = { ...droppedTrace(), outcome: 'unknown' as const, reason: 'POLICY', text: 'a NetworkPolicy selects the pod' };
  expect(failureLines(check({ verdict: 'unknown', mismatches: [], traces: [trace] }))).toEqual([
    'not decided: POLICY a NetworkPolicy selects the pod',
  ]);
});

test.each([
  [[], 2],
  [[scenario({ checks: [] })], 2],
  [[scenario({ checks: [check({ verdict: 'pass' })] })], 0],
  [[scenario()], 1],
  [[scenario({ checks: [check({ verdict: 'unknown' })] })], 3],
  [[scenario({ checks: [check({ verdict: 'unknown' }), check()] })], 1],
  [[scenario(), scenario({ checks: [], problems: [{ ...place, message: 'x', expected: '' }] })], 2],
] as const)('the exit status, case %#', (scenarios, status) => {
  expect(exitStatus({ scenarios: [...scenarios] })).toBe(status);
});
