import fc from 'fast-check';
import { expect, test } from 'vitest';
import { problemsOf } from './input.ts';

const SEED = `name: seed
cluster: { mode: overlay, nodes: 2, podCidr: 10.244.0.0/16, maxPods: 30 }
pods:
  - { name: client, node: 0, labels: { app: client } }
  - { name: web, node: 1, listens: [tcp/80, udp/53] }
services:
  - { name: web, type: LoadBalancer, ports: [80, udp/53] }
azure:
  nsgs: [{ name: n, rules: [{ name: r, priority: 200, direction: Inbound, access: Deny, ports: 80-90 }] }]
tables:
  - on: node/node-0
    routes: [10.9.0.0/16 via 10.224.0.1]
    iptables: |
      *filter
      -A FORWARD -p tcp --dport 81 -j DROP
      COMMIT
checks:
  - { from: default/client, to: svc/default/web:80, expect: [replied, '!reset'], seenSource: pod/default/client }
matrix:
  - table: |
      from           default/web:80
      default/client .
steps:
  - delete-route: { on: node/node-0, route: default }
  - advance: 30s
`;
const BYTES = new TextEncoder().encode(SEED);
const PLACE = /^case\.yaml:\d+:\d+: \S/;

/** Whatever the input is, it is taken or refused with places; anything else throws and fails the property. */
function refusesCleanly(input: string | Uint8Array): void {
  for (const problem of problemsOf(input)) expect(problem).toMatch(PLACE);
}

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '\n',
  '\n  ',
  '"',
  "'",
  '&a ',
  '*a',
  '!t ',
  '|',
  '>',
  '#',
  '? ',
  '---\n',
  '%',
  '@',
  '\t',
  '__proto__',
  '<<',
  '~',
  '1e9',
  '-1',
  '\u0000',
  '\u202e',
];

const edit = fc.record({
  at: fc.nat(BYTES.length - 1),
  remove: fc.nat(20),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(...TOKENS).map((text) => new TextEncoder().encode(text)),
  ),
});

function mutated(edits: readonly { at: number; remove: number; insert: Uint8Array }[]): Uint8Array {
  let bytes = [...BYTES];
  for (const { at, remove, insert } of edits) bytes = bytes.toSpliced(at, remove, ...insert);
  return Uint8Array.from(bytes);
}

test('the seed itself has no fault', () => {
  expect(problemsOf(SEED)).toEqual([]);
});

test('any change of bytes is taken or refused with a place', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => refusesCleanly(mutated(edits))),
    { numRuns: 400 },
  );
}, 60_000);

test('any bytes are taken or refused with a place', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refusesCleanly), { numRuns: 400 });
});

test('any text is taken or refused with a place', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), refusesCleanly), { numRuns: 400 });
});

test('any value in any field is taken or refused with a place', () => {
  const fields = [
    'name',
    'tags',
    'seed',
    'cluster',
    'pods',
    'services',
    'manifests',
    'outside',
    'azure',
    'listens',
    'tables',
    'checks',
    'matrix',
    'steps',
  ];
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 4 }), (scenario) => {
      refusesCleanly(JSON.stringify({ cluster: { mode: 'azure' }, ...scenario }));
    }),
    { numRuns: 400 },
  );
});

test('any value inside of a pod, a service, a check and a step is taken or refused with a place', () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('tcp/80', '10.0.0.1', 'default/a', 80, '*', 'replied'));
  const object = (keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 });
  const pods = fc.array(object(['name', 'namespace', 'node', 'ip', 'labels', 'listens', 'hostNetwork', 'hostPorts', 'replicas']), {
    maxLength: 2,
  });
  const services = fc.array(object(['name', 'type', 'ports', 'clusterIP', 'selector', 'endpoints', 'externalIPs']), { maxLength: 2 });
  const checks = fc.array(object(['from', 'to', 'expect', 'via', 'hops', 'rule', 'seenSource', 'send', 'proto']), { maxLength: 2 });
  const steps = fc.array(object(['advance', 'walk', 'delete-route', 'insert-rule', 'add-nsg-rule', 'checks']), { maxLength: 2 });
  fc.assert(
    fc.property(pods, services, checks, steps, (p, s, c, t) => {
      refusesCleanly(JSON.stringify({ cluster: { mode: 'overlay' }, pods: p, services: s, checks: c, steps: t }));
    }),
    { numRuns: 300 },
  );
});
