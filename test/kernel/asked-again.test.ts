import { expect, it } from 'vitest';
import { PLAIN } from '../../src/report/paint.ts';
import { Agreement, agreementText } from '../../src/report/verify/text.ts';
import type { Verdict } from '../../src/snapshot/kernel/agreement.ts';
import { judgeAgain } from '../../src/snapshot/kernel/asked-again.ts';
import type { Difference } from '../../src/snapshot/kernel/compare.ts';
import { CannotBuild } from '../../src/snapshot/kernel/plan/word.ts';
import { Twin } from '../../src/snapshot/kernel/twin.ts';
import { readRecording } from './recording.ts';

const { world, session, probes, truth } = readRecording('case-0000');
const ASKED = { world, session, probes, state: 'cold' } as const;
const DIFFERENCE: Difference = { tier: 'outcome', where: '', kernel: 'replied', twin: 'dropped' };

const same = (id: string): Verdict => ({ id, kernel: truth[0]!, trace: null, thrown: null, differences: [] });
const other = (id: string): Verdict => ({ ...same(id), differences: [DIFFERENCE] });

/** A kernel that gives one answer after the other. */
function kernel(...answers: Verdict[][]): { judge: () => Promise<readonly Verdict[]>; asked: number } {
  const one = { asked: 0, judge: async () => Promise.resolve(answers[one.asked++]!) };
  return one;
}

it('asks nobody twice who agrees', async () => {
  const one = kernel([same('p0')]);
  expect(await judgeAgain(one, ASKED)).toEqual([same('p0')]);
  expect(one.asked).toBe(1);
});

it('tells what differed once and agrees twice when asked again', async () => {
  const again = await judgeAgain(kernel([same('p0'), other('p1')], [same('p0'), same('p1')], [same('p0'), same('p1')]), ASKED);
  expect(again.map(({ differences, once }) => [differences, once])).toEqual([
    [[], []],
    [[], [DIFFERENCE]],
  ]);
  const agreement = new Agreement();
  for (const verdict of again) agreement.add(verdict, world);
  expect(agreement.differing).toBe(0);
  expect(agreementText(agreement, PLAIN)).toMatch(/agree when asked again +1: p1\n/);
});

it('holds on to a difference that comes back, in whichever probe', async () => {
  const first = [same('p0'), other('p1')];
  expect(await judgeAgain(kernel(first, [same('p0'), same('p1')], [other('p0'), same('p1')]), ASKED)).toBe(first);
});

it('holds on to a difference where the network cannot be built again', async () => {
  const first = [other('p0')];
  const judge = async (): Promise<readonly Verdict[]> => {
    if (one.asked++ > 0) throw new CannotBuild('no buffer space available');
    return Promise.resolve(first);
  };
  const one = { asked: 0, judge };
  expect(await judgeAgain(one, ASKED)).toBe(first);
});

it('holds on to a difference that can not be compared again', async () => {
  const { trace } = new Twin(session, 'cold').send(world, probes[0]!, { atMs: 0 }, () => 0);
  const first = [{ ...other('p0'), trace }];
  const unknown: Verdict = { ...same('p0'), trace: { ...trace, outcome: 'unknown' } };
  expect(await judgeAgain(kernel(first, [unknown]), ASKED)).toBe(first);
});

it('says for which reasons probes are not compared', () => {
  const { trace } = new Twin(session, 'cold').send(world, probes[0]!, { atMs: 0 }, () => 0);
  const unknown = (id: string, reason: string): Verdict => ({ ...same(id), trace: { ...trace, outcome: 'unknown', reason } });
  const agreement = new Agreement();
  for (const verdict of [unknown('p0', 'ROUTE_RULE'), unknown('p1', 'AFTER_UNKNOWN'), unknown('p2', 'AFTER_UNKNOWN')])
    agreement.add(verdict, world);
  expect(agreementText(agreement, PLAIN)).toMatch(/not compared +3, UNKNOWN to the twin: 2 AFTER_UNKNOWN, 1 ROUTE_RULE\n/);
});
