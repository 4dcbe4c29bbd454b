import { expect, test } from 'vitest';
import { Chooser } from '../../../src/walk/branches.ts';

const LB = { what: 'lb-hash', at: 'fabric/kubernetes/web', odds: [0.5, 0.5], hashed: 1 } as const;
const RANDOM = { what: 'statistic', at: 'node-a/root', odds: [0.25, 0.75] } as const;

test('a plain walk takes what a hash picks and leaves only the rest to chance', () => {
  const chooser = new Chooser([], () => 0);
  expect([chooser.choose(LB), chooser.choose(RANDOM)]).toEqual([1, 0]);
  expect(chooser.odds).toBe(0.125);
});

test('the other ways of a hash are branches all the same', () => {
  const chooser = new Chooser([], () => 0);
  chooser.choose(LB);
  chooser.choose(RANDOM);
  expect(chooser.alternatives()).toEqual([[0], [1, 1]]);
  const other = new Chooser([0], () => 0);
  expect(other.choose(LB)).toBe(0);
});

test('what a clock cannot tell is a branch that no trace speaks of', () => {
  const chooser = new Chooser([], () => 0);
  expect(chooser.choose({ what: 'time', at: '', odds: [0.5, 0.5], hashed: 1 })).toBe(1);
  expect(chooser.choose(RANDOM)).toBe(0);
  expect(chooser.choices).toEqual([{ at: 'node-a/root', what: 'statistic', picked: 0, of: 2 }]);
  expect(chooser.odds).toBe(0.25);
  expect(chooser.alternatives()).toEqual([[0], [1, 1]]);
});
