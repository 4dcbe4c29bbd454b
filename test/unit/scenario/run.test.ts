import { describe, expect, test } from 'vitest';
import { globMatches } from '../../../src/scenario/check/expectations.ts';
import { SourceError } from '../../../src/scenario/source/problem.ts';
import { exitStatus } from '../../../src/scenario/result.ts';
import { nearest } from '../../../src/wire/suggest.ts';
import { run } from './input.ts';

const TWO_PODS = `
cluster: { mode: azure }
pods:
  - { name: client, node: 0, ip: 10.224.0.21 }
  - { name: web, node: 1, ip: 10.224.0.60, listens: [tcp/80, udp/53] }
services:
  - { name: web, ports: [80] }
`;

/** Verdicts of the checks of a scenario, in order. */
function verdicts(text: string): string[] {
  return run(TWO_PODS + text).checks.map(({ verdict }) => verdict);
}

/** Fields that did not hold in the only check of a scenario. */
function failing(check: string): string[] {
  return run(`${TWO_PODS}checks:\n  - { from: default/client, ${check} }\n`).checks.flatMap(({ mismatches }) =>
    mismatches.map(({ field }) => field),
  );
}

describe('what a check may say', () => {
  test.each([
    ['nothing: the packet is answered', 'to: default/web:80'],
    ['an outcome', 'to: default/web:81, expect: reset'],
    ['not an outcome', 'to: default/web:81, expect: "!replied"'],
    ['one of several outcomes', 'to: default/web:81, expect: [dropped, reset]'],
    ['the source that the receiver sees', 'to: svc/default/web:80, seenSource: default/client'],
    ['the source as an address with its port', 'to: default/web:80, seenSource: "10.224.0.21:40000"'],
    ['who took it', 'to: svc/default/web:80, backend: default/web'],
    ['all who take it', 'to: svc/default/web:80, backends: [default/web]'],
    ['places on its way', 'to: default/web:80, via: [node-0, fabric, node-1]'],
    ['devices on its way', 'to: default/web:80, via: [node-0/root/eth0, node-1/root/azv*]'],
    ['places not on its way', 'to: default/web:80, notVia: [internet, node-1/root/lo]'],
    ['all places of its way', 'to: default/web:80, hops: [default/client, node/node-0, fabric, node/node-1, default/web]'],
    ['all places of the way back', 'to: default/web:80, replyHops: [default/web, node-1, fabric, node-0, default/client]'],
    ['the way back', 'to: default/web:80, replyVia: [node-1, node-0]'],
    ['that an answer comes', 'to: default/web:80, reply: true'],
    ['from whom the answer comes', 'to: svc/default/web:80, reply: svc/default/web'],
    ['that no answer comes', 'to: "168.63.129.16:80", reply: false'],
    ['a reason', 'to: "168.63.129.16:80", reason: NETFILTER_DROP'],
    ['a rule by its chain', 'to: svc/default/web:80, rule: nat:KUBE-SVC-*'],
    ['a rule by its number', 'to: "168.63.129.16:80", rule: "filter:FORWARD[6]", reason: NETFILTER_DROP'],
    ['a rule by its place', 'to: svc/default/web:80, rule: node-0/root nat:KUBE-SEP-*'],
    ['a rule by who wrote it', 'to: svc/default/web:80, rule: svc default/web'],
    ['a security rule', 'to: default/web:80, rule: nsg:*/AllowVnetInBound'],
    ['a rule that takes no part', 'to: default/web:80, notRule: nat:KUBE-SVC-*'],
    ['the MSS that arrives', 'to: default/web:80, mss: 1410'],
    ['the TTL that arrives', 'to: default/web:80, ttl: 62'],
    ['words of the verdict', 'to: default/web:80, text: answered by'],
    ['an ICMP error', 'to: default/web:54, proto: udp, expect: icmp-error, icmp: 3/3'],
    ['an error of the send call', 'to: "10.224.255.255:80", proto: udp, send: { ttl: 5 }, expect: "!send-error"'],
    ['a protocol', 'to: default/web:53, proto: udp'],
    ['a ping', 'to: default/web'],
    ['how it is sent', 'to: default/web:80, send: { ttl: 2 }, expect: icmp-error, icmp: 11/0'],
    ['the same for every branch', 'to: svc/default/web:80, branches: all'],
  ])('%s', (_, check) => {
    expect(failing(check)).toEqual([]);
  });

  test.each([
    ['expect', 'to: default/web:81'],
    ['expect', 'to: default/web:80, expect: "!replied"'],
    ['seenSource', 'to: default/web:80, seenSource: node/node-0'],
    ['backend', 'to: svc/default/web:80, backend: default/client'],
    ['backends', 'to: svc/default/web:80, backends: [default/web, default/client]'],
    ['via', 'to: default/web:80, via: [node-1, node-0]'],
    ['notVia', 'to: default/web:80, notVia: fabric'],
    ['hops', 'to: default/web:80, hops: [default/client, default/web]'],
    ['replyHops', 'to: default/web:80, replyHops: [default/web]'],
    ['replyVia', 'to: default/web:80, replyVia: internet'],
    ['reply', 'to: default/web:80, reply: node/node-0'],
    ['reason', 'to: default/web:80, reason: NETFILTER_DROP'],
    ['rule', 'to: default/web:80, rule: nat:KUBE-SVC-*'],
    ['notRule', 'to: svc/default/web:80, notRule: nat:KUBE-SVC-*'],
    ['mss', 'to: default/web:80, mss: 1460'],
    ['ttl', 'to: default/web:80, ttl: 64'],
    ['text', 'to: default/web:80, text: dropped'],
    ['icmp', 'to: default/web:80, icmp: 3/3'],
    ['errno', 'to: default/web:80, errno: ENETUNREACH'],
  ])('%s fails when it does not hold: %s', (field, check) => {
    expect(failing(check)).toContain(field);
  });

  test('a failing check says what was expected, what happened and what decided', () => {
    const [check] = run(`${TWO_PODS}checks: [{ from: default/client, to: "168.63.129.16:80" }]\n`).checks;
    expect(check?.mismatches[0]).toMatchObject({
      field: 'expect',
      expected: 'replied',
      deciding: { at: 'node-0/root', step: { verb: 'DROPPED' } },
    });
    expect(check?.mismatches[0]?.happened).toContain('NETFILTER_DROP');
    expect(check?.place).toMatchObject({ file: 'case.yaml', line: 8 });
  });

  test('lists of senders and targets stand for every pair', () => {
    const { checks } = run(`${TWO_PODS}checks: [{ from: [default/client, node/node-1], to: [default/web:80, svc/default/web:80] }]\n`);
    expect(checks.map(({ name }) => name)).toEqual([
      'default/client -> default/web:80',
      'default/client -> svc/default/web:80',
      'node/node-1 -> default/web:80',
      'node/node-1 -> svc/default/web:80',
    ]);
  });
});

describe('a walk that can not be decided', () => {
  const policy = `manifests: [{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: deny }, spec: { podSelector: {} } }]\n`;

  test('is neither a pass nor a failure', () => {
    const result = run(`${TWO_PODS}${policy}checks: [{ from: default/client, to: "default/web:80" }]\n`);
    expect(result.checks.map(({ verdict }) => verdict)).toEqual(['unknown']);
    expect(exitStatus({ scenarios: [result] })).toBe(3);
  });

  test('may be what is expected', () => {
    expect(verdicts(`${policy}checks: [{ from: default/client, to: "default/web:80", expect: unknown }]\n`)).toEqual(['pass']);
  });
});

describe('a truth table', () => {
  test('asks for every cell but -', () => {
    const result = run(`${TWO_PODS}
matrix:
  - name: reach
    classes: { S: { seenSource: default/client } }
    table: |
      from            default/web:80  default/web:81  168.63.129.16:80
      default/client  S               #               X
      node/node-0     .               -               .
`);
    expect(result.checks.map(({ verdict, under }) => [verdict, ...under])).toEqual(Array.from({ length: 5 }, () => ['pass', 'reach']));
  });

  test('a cell that does not hold is found at its place', () => {
    const { checks } = run(`${TWO_PODS}matrix:\n  - table: |\n      from            default/web:81\n      default/client  .\n`);
    expect(checks[0]).toMatchObject({ verdict: 'fail', place: { line: 11, col: 23 } });
  });
});

describe('steps happen in order', () => {
  const check = "{ from: default/client, to: 'default/web:80'";

  test('an operation, what it breaks, and undo', () => {
    expect(
      verdicts(`
steps:
  - walk: ${check} }
  - insert-rule: { on: node/node-1, chain: FORWARD, rule: -p tcp --dport 80 -j DROP }
    checks: [${check}, reason: NETFILTER_DROP, rule: "filter:FORWARD[1]" }]
  - undo: 1
    checks: [${check} }]
`),
    ).toEqual(['pass', 'pass', 'pass']);
  });

  test.each([
    ['link-down: { on: node/node-0, dev: eth0 }', '"!replied"'],
    ['delete-route: { on: node/node-0, route: 10.224.0.0/16 dev eth0 }', 'replied'],
    ['delete-route: { on: default/client, route: default }', 'send-error'],
    ['add-route: { on: node/node-0, route: blackhole 10.224.0.60 metric 5 }', '[dropped, icmp-error]'],
    ['set-sysctl: { on: node/node-1, name: net.ipv4.ip_forward, value: 0 }', 'dropped'],
    ['set-policy: { on: node/node-0, chain: FORWARD, policy: DROP }', 'dropped'],
    ['append-rule: { on: default/web, chain: INPUT, rule: -j REJECT }', 'icmp-error'],
    ['apply-iptables: { on: node/node-0, text: "*raw\\n-A PREROUTING -d 10.224.0.60 -j DROP\\nCOMMIT\\n" }', 'dropped'],
    ['stop-listening: { on: default/web, port: tcp/80 }', 'reset'],
    ['add-ip-rule: { on: node/node-0, rule: to 10.224.0.60 unreachable }', 'icmp-error'],
    ['set-neighbour: { on: default/client, neighbour: 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 }', '"!replied"'],
    [
      'add-nsg-rule: { nsg: aks-agentpool-12345678-nsg, rule: { name: r, priority: 200, direction: Inbound, access: Deny, ports: 80 } }',
      'dropped',
    ],
    ['add-udr: { table: t, route: { name: r, to: 10.224.0.60/32, nextHopType: None } }', 'replied'],
    ['flush-conntrack: { on: node/node-0 }', 'replied'],
    ['set-mtu: { on: default/web, dev: eth0, mtu: 1400 }', 'replied'],
  ])('%s: %s', (operation, expected) => {
    const table = 'azure: { routeTables: [{ name: t }] }\n';
    expect(verdicts(`${table}steps:\n  - ${operation}\n    checks: [${check}, expect: ${expected} }]\n`)).toEqual(['pass']);
  });

  test('a table attached to the subnet takes the packet away, detached it does not', () => {
    expect(
      verdicts(`
azure: { routeTables: [{ name: t, routes: [{ name: r, to: 10.224.0.60/32, nextHopType: None }] }] }
steps:
  - attach-route-table: { subnet: aks-subnet, table: t }
    checks: [${check}, reason: AZURE_ROUTE_NONE }]
  - change-udr: { table: t, route: { name: r, to: 10.99.0.0/16, nextHopType: None } }
    checks: [${check} }]
  - remove-udr: { table: t, route: r }
    checks: [${check} }]
  - detach-route-table: { subnet: aks-subnet }
    checks: [${check} }]
`),
    ).toEqual(['pass', 'pass', 'pass', 'pass']);
  });

  test('what packets left behind is there in the next step', () => {
    expect(
      verdicts(`
steps:
  - walk: { from: default/client, to: svc/default/web:80, send: { sport: 41000 } }
  - insert-rule: { on: node/node-0, chain: FORWARD, rule: -m conntrack --ctstate NEW -j DROP }
    checks:
      - { from: default/client, to: svc/default/web:80, send: { sport: 41001 }, expect: dropped }
`),
    ).toEqual(['pass', 'pass']);
  });

  test.each([
    ['delete-route: { on: node/node-0, route: 10.77.0.0/16 }', 'No such process'],
    ['link-down: { on: node/node-0, dev: nope }', 'nope'],
    ['remove-udr: { table: nope, route: r }', 'no route table nope'],
    ['remove-nsg-rule: { nsg: aks-agentpool-12345678-nsg, rule: nope }', 'nope'],
    ['delete-rule: { on: node/node-0, chain: NOPE, number: 1 }', 'NOPE'],
    ['insert-rule: { on: node/node-0, chain: FORWARD, rule: --nonsense }', 'nonsense'],
    ['stop-listening: { on: default/web, port: 9 }', 'nothing listens'],
    ['nic-forwarding: { nic: nope, on: true }', 'no NIC nope'],
    ['remove-peering: { vnet: a, remote: b }', 'no peering'],
    ['undo: 3', 'no edit has been made'],
  ])('%s is refused with its place', (operation, why) => {
    expect(() => run(`${TWO_PODS}steps:\n  - ${operation}\n`)).toThrow(SourceError);
    expect(() => run(`${TWO_PODS}steps:\n  - ${operation}\n`)).toThrow(why);
    expect(() => run(`${TWO_PODS}steps:\n  - ${operation}\n`)).toThrow(/^case\.yaml:9:\d+: /);
  });
});

describe('a NIC that goes down and comes up again', () => {
  const base = (mode: string) => `
cluster: { mode: ${mode} }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
outside:
  vms: [{ name: jumpbox, listens: [tcp/80] }]
  internet: [{ name: peer, ips: [203.0.113.10], listens: [tcp/443] }]
`;
  const node = "[{ from: default/client, to: 'default/web:80', EXPECT }, { from: node/node-0, to: '203.0.113.10:443', EXPECT }]";
  const vm = "[{ from: vm/jumpbox, to: 'node/node-0:22', EXPECT }, { from: node/node-0, to: 'vm/jumpbox:80', EXPECT }]";

  test.each([
    ['azure', 'node/node-0', node],
    ['kubenet', 'node/node-0', node],
    ['overlay', 'node/node-0', node],
    ['azure', 'vm/jumpbox', vm],
    ['kubenet', 'vm/jumpbox', vm],
  ])('takes its DHCP routes again: %s, %s', (mode, on, checks) => {
    const healthy = checks.replaceAll('EXPECT', 'expect: [replied, reset]');
    const broken = checks.replaceAll('EXPECT', 'expect: [send-error, dropped, icmp-error]');
    const result = run(`${base(mode)}
steps:
  - name: before
    checks: ${healthy}
  - link-down: { on: ${on}, dev: eth0 }
    checks: ${broken}
  - link-up: { on: ${on}, dev: eth0 }
    checks: ${healthy}
`);
    expect(result.checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'pass']);
  });

  test.each([
    ['that stays up does not', 'link-up'],
    ['with another MTU does not', 'set-mtu'],
  ])('a link %s bring back a deleted route', (_, name) => {
    const again = name === 'set-mtu' ? 'set-mtu: { on: node/node-0, dev: eth0, mtu: 1400 }' : 'link-up: { on: node/node-0, dev: eth0 }';
    const gone = "[{ from: node/node-0, to: '203.0.113.10:443', expect: send-error }]";
    const result = run(`${base('azure')}
steps:
  - delete-route: { on: node/node-0, route: default }
    checks: ${gone}
  - ${again}
    checks: ${gone}
`);
    expect(result.checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
  });
});

describe('a file of nothing but Kubernetes objects', () => {
  const app = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;

  test('runs in an overlay cluster, and every service must answer, from inside and outside', () => {
    const { checks, notes } = run(app);
    expect(checks.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass']);
    expect(checks.at(-1)?.name).toBe('internet -> svc/default/web:80');
    expect(notes.join(' ')).toContain('nothing but Kubernetes objects');
  });

  test('a service whose port leads nowhere fails at its own place', () => {
    const { checks } = run(app.replace('targetPort: 8080', 'targetPort: 8081'));
    expect(checks.map(({ verdict }) => verdict)).toEqual(['fail', 'fail', 'fail']);
    expect(checks[0]?.place.line).toBe(12);
  });
});

test('the same scenario with the same seed gives the same bytes', () => {
  const text = `${TWO_PODS.replace('name: web, node: 1, ip: 10.224.0.60', 'name: web, replicas: 3')}seed: 7\nchecks: [{ from: default/client, to: svc/default/web:80, branches: all, expect: unknown }]\n`;
  expect(JSON.stringify(run(text))).toBe(JSON.stringify(run(text)));
});

test('a star in a pattern stands for anything and takes no time', () => {
  expect(globMatches('nat:KUBE-*[2]', 'nat:KUBE-SEP-X[2]')).toBe(true);
  expect(globMatches('*a*b*', 'xxaxxbxx')).toBe(true);
  expect(globMatches('ab*ba', 'aba')).toBe(false);
  expect(globMatches('*', '')).toBe(true);
  expect(globMatches(`${'*a'.repeat(200)}b`, 'a'.repeat(10_000))).toBe(false);
});

test('a word is corrected only when one is near', () => {
  expect(nearest('nodse', ['nodes', 'name'])).toBe('nodes');
  expect(nearest('NODES', ['nodes'])).toBe('nodes');
  expect(nearest('xyzzy', ['nodes', 'name'])).toBeNull();
});
