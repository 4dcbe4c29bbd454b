import { expect, test } from 'vitest';
import { problemsOf } from './input.ts';

test.each([
  ['azure', '10.224.0.0/16'],
  ['overlay', '10.244.0.0/24'],
  ['kubenet', '10.244.0.0/24'],
])('a pod of mode %s with an address of elsewhere is an error where the address stands', (mode, range) => {
  expect(problemsOf(`cluster: { mode: ${mode} }\npods:\n  - { name: a, node: 0, ip: 192.168.1.1 }\n`)).toEqual([
    `case.yaml:3:29: pod default/a has the address 192.168.1.1, which is not one of node node-0; expected an address of ${range}`,
  ]);
});

test('an address of the range of another node is an error too', () => {
  const [problem] = problemsOf('cluster: { mode: overlay }\npods:\n  - { name: a, node: 0, ip: 10.244.1.9 }\n');
  expect(problem).toContain('case.yaml:3:29: pod default/a has the address 10.244.1.9');
});

test.each([
  ['azure', '10.224.0.40'],
  ['overlay', '10.244.0.9'],
])('a pod of mode %s with an address of its node is none', (mode, ip) => {
  expect(problemsOf(`cluster: { mode: ${mode} }\npods:\n  - { name: a, node: 0, ip: ${ip} }\n`)).toEqual([]);
});
