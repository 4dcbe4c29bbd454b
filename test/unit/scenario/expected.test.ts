import { expect, test } from 'vitest';
import { withExpected } from '../../../src/scenario/source/problem.ts';
import { problemsOf } from './input.ts';

test.each([
  [
    'scale: { workload: default/web, replicas: 2 }',
    'there is no workload default/web; expected the name of a workload, and this world has none',
  ],
  ['patch-service: { service: default/web, type: NodePort }', 'expected the name of a service, and this world has none'],
  ['undo: 1', 'no edit has been made; expected an edit to take back'],
  ['link-down: { on: node/node-0, dev: eth9 }', 'Cannot find device "eth9"; expected a device of this namespace'],
  ['delete-route: { on: node/node-0, route: 10.77.0.0/16 }', 'No such process; expected an entry that is there'],
  ['set-sysctl: { on: node/node-0, name: net.ipv4.ip_forwrd, value: 0 }', 'expected a sysctl of this namespace'],
  ['remove-udr: { table: nope, route: x }', 'there is no route table nope; expected the name of a route table, and there is none'],
])('the step %s says what was expected', (step, words) => {
  expect(problemsOf(`cluster: { mode: azure }\nsteps:\n  - ${step}\n`).join('\n')).toContain(words);
});

test('a neighbour on a device that is not there says which devices were expected', () => {
  const tables = `tables: [{ on: node/node-0, neighbours: ['10.224.0.9 lladdr 02:00:00:00:00:09 dev eth9'] }]\n`;
  expect(problemsOf(`cluster: { mode: azure }\n${tables}`).join('\n')).toContain('expected a device of this namespace');
});

test('what was expected stands in brackets behind a question', () => {
  expect(withExpected('there is no trce; did you mean "trace"?', 'one of run, trace')).toBe(
    'there is no trce; did you mean "trace"? (expected one of run, trace)',
  );
});
