import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SourceError } from '../../../src/scenario/source/problem.ts';
import { OUTCOMES } from '../../../src/trace/trace.ts';
import { run } from './input.ts';

const pod = fc.constantFrom('default/a', 'default/b');
const node = fc.constantFrom('node-0', 'node-1');
const place = fc.constantFrom('node/node-0', 'node/node-1', 'default/a');

/** Steps that break things, in any order. */
const operation = fc.oneof(
  fc.record({ 'delete-pod': fc.record({ pod }) }),
  fc.record({ 'delete-node': fc.record({ node }) }),
  fc.record({ 'set-ready': fc.record({ pod, ready: fc.boolean() }) }),
  fc.record({
    'patch-service': fc.record({ service: fc.constant('default/a'), externalTrafficPolicy: fc.constantFrom('Local', 'Cluster') }),
  }),
  fc.record({ 'link-down': fc.record({ on: place, dev: fc.constantFrom('eth0', 'lo', 'cbr0') }) }),
  fc.record({ 'delete-route': fc.record({ on: place, route: fc.constantFrom('default', '10.224.0.0/16') }) }),
  fc.record({
    'set-sysctl': fc.record({ on: place, name: fc.constantFrom('net.ipv4.ip_forward', 'net.ipv4.conf.all.rp_filter'), value: fc.nat(2) }),
  }),
  fc.record({ 'set-mtu': fc.record({ on: place, dev: fc.constant('eth0'), mtu: fc.constantFrom(68, 500, 1280, 9000) }) }),
  fc.record({
    'flush-chain': fc.record({
      on: fc.constant('node/node-0'),
      table: fc.constant('nat'),
      chain: fc.constantFrom('PREROUTING', 'KUBE-SERVICES'),
    }),
  }),
  fc.record({ 'nic-forwarding': fc.record({ nic: node, on: fc.boolean() }) }),
  fc.record({ 'set-probe-health': fc.record({ node, health: fc.constantFrom('up', 'down', 'probe') }) }),
  fc.record({ advance: fc.constantFrom('1s', '30s', '300s', '5h') }),
);

const check = fc.record(
  {
    from: fc.constantFrom('default/a', 'default/b', 'node/node-0', 'internet', 'vm/v'),
    to: fc.constantFrom(
      'default/a:80',
      'default/b:81',
      'svc/default/a:80@cluster',
      'node/node-1:8080',
      '168.63.129.16:53',
      '10.224.0.1:80',
      '255.255.255.255:80',
      '224.0.0.1:5',
      '127.0.0.1:80',
      '0.0.0.0:1',
      '10.244.9.9:9',
      'internet:80',
      'vm/v:22',
    ),
    proto: fc.constantFrom('tcp', 'udp', 'icmp'),
    branches: fc.constantFrom('one', 'all'),
    send: fc.record({ ttl: fc.constantFrom(1, 2, 3), size: fc.constantFrom(0, 1472, 4000), df: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['from', 'to', 'proto'] },
);

const scenario = fc.record({
  cluster: fc.record({ mode: fc.constantFrom('kubenet', 'azure', 'overlay') }),
  pods: fc.constant([
    { name: 'a', node: 0, listens: ['tcp/80', 'udp/80'] },
    { name: 'b', node: 1, listens: ['tcp/80'], hostPorts: [{ hostPort: 8080, port: 80 }] },
  ]),
  services: fc.constant([{ name: 'a', type: 'LoadBalancer', ports: [80] }]),
  outside: fc.constant({ vms: [{ name: 'v', listens: ['tcp/80'] }] }),
  steps: fc.array(
    fc.tuple(operation, fc.array(check, { maxLength: 3 })).map(([edit, checks]) => ({ ...edit, checks })),
    { maxLength: 5 },
  ),
});

test('whatever is broken in whatever order, every walk ends with an outcome, or the step is refused with its place', () => {
  fc.assert(
    fc.property(scenario, (value) => {
      try {
        for (const { outcomes } of run(JSON.stringify({ ...value, checks: [] })).checks) {
          for (const { outcome } of outcomes) expect(OUTCOMES).toContain(outcome);
        }
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        expect(error.message).toMatch(/^case\.yaml:1:\d+: \S/);
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
