import { describe, expect, test } from 'vitest';
import { SourceError } from '../../../src/scenario/source/problem.ts';
import { problemsOf, run } from './input.ts';

const WORLD = `cluster: { mode: overlay, nodes: 2 }
pods: [{ name: client, node: 0 }, { name: web, node: 1, listens: [tcp/80] }]
services: [{ name: web, ports: [80] }]
`;
const check = (expectation: string): string => `{ from: default/client, to: 'svc/default/web:80', ${expectation} }`;

describe('a name that is nowhere in the world is an error where it stands, since nothing could ever match it', () => {
  test.each([
    'notVia: nod-1',
    'via: node-9',
    'notVia: default/wbe',
    'notVia: node-1/root/eth9',
    'notVia: [node-1, node-1/rot]',
    "via: 'nodes-*'",
    'hops: [node-0, nowhere]',
    'replyVia: nowhere',
    'replyHops: [nowhere]',
    'rule: bogus',
    "notRule: 'nta:KUBE-SVC-*'",
    'notRule: nat:KUBE-POSTROTING',
    'notRule: node-9/root nat:KUBE-POSTROUTING',
    'notRule: nsg:nothing/here',
    'notRule: svc default/wbe',
    'notRule: route:10.0.0.0/33',
    'reply: default/wbe',
  ])('%s', (expectation) => {
    const problems = problemsOf(`${WORLD}checks:\n  - ${check(expectation)}\n`);
    expect(problems).toHaveLength(1);
    const wrong = expectation.replace(/^\w+: (?:\[(?:.*, )?)?/, '').replace(/\]$/, '');
    const col = `  - ${check(expectation)}`.lastIndexOf(wrong) + 1;
    expect(problems[0]).toMatch(new RegExp(`^case\\.yaml:5:${col}: \\w+: there is no `));
    expect(() => run(`${WORLD}checks:\n  - ${check(expectation)}\n`)).toThrow(SourceError);
    expect(() => run(`${WORLD}steps:\n  - walk: ${check(expectation)}\n`)).toThrow(/case\.yaml:5:\d+: /);
  });

  test.each([
    'notVia: [node-1/root/eth0, default/web, node-*]',
    'via: [node-0, fabric, node-1/root/eth0, pod/default/web]',
    'notVia: internet',
    "notRule: ['nsg:*/DenyAllInBound', 'route:default', 'route:192.168.0.0/16', svc default/web]",
    "notRule: ['filter:FORWARD[2]', 'node-1/root nat:KUBE-POSTROUTING[*]', 'mangle:INPUT', 'raw:PREROUTING[policy]']",
  ])('%s names what there is', (expectation) => {
    expect(problemsOf(`${WORLD}checks:\n  - ${check(expectation)}\n`)).toEqual([]);
  });

  test('what an edit adds is known from its step on, and what one takes away stays known', () => {
    const late = `walk: ${check('expect: replied, notVia: default/late')}`;
    const added = `${WORLD}steps:\n  - { add-pod: { name: late }, ${late} }\n  - { delete-pod: { pod: default/late }, ${late} }\n`;
    expect(run(added).checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    expect(() => run(`${WORLD}steps:\n  - { ${late} }\n  - { add-pod: { name: late } }\n`)).toThrow(/there is no place default\/late/);
  });
});
