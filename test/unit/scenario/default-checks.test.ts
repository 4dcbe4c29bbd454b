import { expect, test } from 'vitest';
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
