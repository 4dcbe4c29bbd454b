import { expect, test } from 'vitest';
import { problemsOf, run } from './input.ts';

const CLUSTER = 'cluster: { mode: azure }\npods: [{ name: a, node: 0 }, { name: b, node: 1, listens: [80] }]\n';

/** Steps that fail by themselves, where, and words of the message. */
const WRONG: readonly (readonly [step: string, place: string, words: string])[] = [
  [`checks: [{ from: default/nope, to: 'internet:80' }]`, '4:22', 'no pod default/nope'],
  [`walk: { from: default/a, to: 'default/nope:80' }`, '4:34', 'no pod default/nope'],
  ['remove-udr: { table: nope, route: x }', '4:26', 'no route table nope'],
  ['set-policy: { on: node/nope, table: filter, chain: INPUT, policy: DROP }', '4:23', 'nope'],
  [`insert-rule: { on: node/node-0, table: filter, chain: INPUT, rule: '-p tcp --dport 8O -j DROP' }`, '4:72', '8O'],
  [`set-neighbour: { on: node/node-0, neighbour: '10.224.0.9 lladdr zz dev eth0' }`, '4:50', 'zz'],
  ['set-sysctl: { on: node/node-0, name: net.ipv4.ip_forwrd, value: 0 }', '4:42', 'ip_forwrd'],
  ['delete-neighbour: { on: node/node-0, ip: 10.224.0.9, dev: eth9 }', '4:46', 'eth9'],
  [`open-flows: { from: default/nope, to: 'default/b:80', count: 3 }`, '4:25', 'no pod default/nope'],
  ['undo: 1', '4:11', 'been made'],
];

test.each(WRONG)('validate finds what is wrong with the step %s', (step, place, words) => {
  const problems = problemsOf(`${CLUSTER}steps:\n  - ${step}\n`);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(words);
  expect(problems[0]).toMatch(new RegExp(`^case\\.yaml:${place}: `));
});

test('a step may name what an earlier one has made', () => {
  const steps = `steps:
  - checks: [{ from: default/c, to: 'default/b:80' }]
  - add-pod: { name: c, node: 0 }
  - checks: [{ from: default/c, to: 'default/b:80' }]
  - delete-pod: { pod: default/c }
  - checks: [{ from: default/c, to: 'default/b:80' }]
`;
  expect(problemsOf(CLUSTER + steps).map((line) => line.split(' ')[0])).toEqual(['case.yaml:4:22:', 'case.yaml:8:22:']);
});

test('what only packets leave behind is not missed', () => {
  const text = `${CLUSTER}steps:
  - walk: { from: node/node-0, to: 'internet:80' }
  - delete-neighbour: { on: node/node-0, ip: 10.224.0.1, dev: eth0 }
  - advance: 1m
`;
  expect(run(text).checks.map(({ verdict }) => verdict)).toEqual(['pass']);
  expect(problemsOf(text)).toEqual([]);
});
