import { expect, test } from 'vitest';
import { buildScenario } from '../../../src/scenario/build.ts';
import { serviceChecks } from '../../../src/scenario/default-checks.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { NO_FILES } from '../../../src/scenario/source/files.ts';
import { run } from './input.ts';

const SERVICES = `
cluster: { mode: overlay, nodes: 1 }
pods: [{ name: web, listens: [tcp/80] }]
services:
  - { name: public, type: LoadBalancer, ports: [80], selector: { app: web } }
  - { name: private, type: LoadBalancer, internal: true, ports: [80], selector: { app: web } }
`;

test('a scenario that promises nothing is asked from outside only where the internet has an address to send to', () => {
  const { checks } = run(SERVICES);
  expect(checks.filter(({ name }) => name.startsWith('internet')).map(({ name }) => name)).toEqual(['internet -> svc/default/public:80']);
  expect(checks.map(({ verdict }) => verdict)).not.toContain('fail');
});

test.each([
  [200, 200, /each is asked from one node \(MAX_DEFAULT_CHECKS is 500\)$/],
  [510, 500, /10 of 510 checks are left out/],
])('with 8 nodes and %i services it is %i checks, and the note says so', (services, count, note) => {
  const list = Array.from({ length: services }, (_, i) => `{ name: s${i}, ports: [80], selector: { app: web } }`).join(', ');
  const text = `cluster: { mode: overlay, nodes: 8 }\npods: [{ name: web, listens: [tcp/80] }]\nservices: [${list}]\n`;
  const loaded = loadScenario({ file: 'many.yaml', text }, NO_FILES);
  const made = serviceChecks(loaded.document, buildScenario(loaded).world);
  expect(made.checks).toHaveLength(count);
  expect(new Set(made.checks.map(({ from }) => from)).size).toBe(8);
  expect(made.note).toMatch(note);
});
