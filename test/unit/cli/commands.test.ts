import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

const containing = (text: string): unknown => expect.stringContaining(text);
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

let folder: string;
const at = (name: string): string => path.join(folder, name);

const GOOD = `name: good
tags: [fast]
cluster: { mode: overlay }
pods:
  - { name: client, node: 0 }
  - { name: web, replicas: 2, node: 1, listens: [tcp/80] }
services: [{ name: web, ports: [80] }]
checks:
  - { from: default/client, to: 'svc/default/web:80', tags: [service] }
  - { name: to the pod, from: default/client, to: 'default/web-0:80' }
`;
const FAILING = GOOD.replace('name: good', 'name: failing').replace("'default/web-0:80'", "'default/web-0:81'");
const BROKEN = 'cluster: { mode: azure }\nchecks: [{ from: default/x, to: "10.0.0.1:80" }]\n';
const UNKNOWN = `cluster: { mode: azure }
pods: [{ name: a }, { name: b, listens: [tcp/80] }]
tables: [{ on: default/b, iptables: "*nat\\nCOMMIT\\n" }]
checks: [{ from: default/a, to: 'default/b:80', expect: unknown }]
`;
const APP = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-'));
  mkdirSync(at('all/labs'), { recursive: true });
  mkdirSync(at('all/apps'));
  mkdirSync(at('empty'));
  writeFileSync(at('all/good.yaml'), GOOD);
  writeFileSync(at('all/labs/lab.yaml'), 'lab: not a scenario\n');
  writeFileSync(at('all/apps/config.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n');
  writeFileSync(at('failing.yaml'), FAILING);
  writeFileSync(at('broken.yaml'), BROKEN);
  writeFileSync(at('unknown.yaml'), UNKNOWN);
  writeFileSync(at('app.yaml'), APP);
  mkdirSync(at('snap/m/root'), { recursive: true });
  writeFileSync(at('snap/snapshot.json'), JSON.stringify({ podwalkSnapshot: 1, machines: { m: { kind: 'node', namespaces: ['root'] } } }));
  writeFileSync(at('including.yaml'), 'cluster: { mode: kubenet }\nmanifests: [app.yaml]\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('podwalk', () => {
  test('--version prints the version', async () => {
    expect(await podwalk('--version')).toMatchObject({ status: 0, stdout: matching(/^\d+\.\d+\.\d+\n$/) });
  });

  test('--help names the commands there are', async () => {
    const { status, stdout } = await podwalk('--help');
    expect(status).toBe(0);
    for (const name of ['run', 'validate', 'trace', 'verify', 'export', 'tui', 'schema']) expect(stdout).toContain(name);
    for (const name of ['shell', 'lab', 'plan']) expect(stdout).not.toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });

  test.each([[[]], [['fly']], [['run']], [['run', '--nonsense', 'x']], [['trace']], [['trace', 'x.yaml', '--ttl', '300']]])(
    '%j is bad input',
    async (args) => {
      const { status, stdout, stderr } = await podwalk(...args);
      expect(status).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).not.toBe('');
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );

  test('every command has a help of its own', async () => {
    for (const name of ['run', 'validate', 'trace', 'verify', 'export', 'tui', 'schema'])
      expect(await podwalk(name, '--help')).toMatchObject({ status: 0 });
  });
});

describe('podwalk run', () => {
  test('exits 0 when everything holds', async () => {
    const { status, stdout } = await podwalk('run', at('all/good.yaml'));
    expect(stdout).toContain('2 checks: 2 passed');
    expect(status).toBe(0);
  });

  test('exits 1 when a check fails, and says why in at most ten lines', async () => {
    const { status, stdout } = await podwalk('run', at('failing.yaml'));
    expect(status).toBe(1);
    const [, , ...lines] = stdout.split('\n');
    expect(lines.join('\n')).toMatch(/FAIL|expected replied/);
    expect(stdout).toContain('decided at');
    expect(stdout.trimEnd().split('\n').length).toBeLessThan(14);
  });

  test('--detail prints the walks of what does not hold', async () => {
    const { stdout } = await podwalk('run', at('failing.yaml'), '--detail', 'detailed');
    expect(stdout).toContain('RESET');
    expect(stdout).toContain('not nat:');
  });

  test('exits 2 for bad input, with its place and without a stack', async () => {
    const { status, stdout } = await podwalk('run', at('broken.yaml'));
    expect(status).toBe(2);
    expect(stdout).toMatch(/broken\.yaml:2:18: from: there is no pod default\/x/);
    expect(stdout).not.toMatch(/^\s+at /m);
  });

  test('a broken file does not keep others from running', async () => {
    const { status, stdout } = await podwalk('run', at('broken.yaml'), at('all/good.yaml'));
    expect(status).toBe(2);
    expect(stdout).toContain('2 passed, 1 file with errors');
  });

  test('a folder means all scenarios in it, labs and objects without services left out', async () => {
    const { status, stdout } = await podwalk('run', at('all'));
    expect(status).toBe(0);
    expect(stdout).toContain('1 scenario, 2 checks');
  });

  test.each([['empty'], ['nowhere']])('exits 2 for %s: there is nothing to run', async (name) => {
    expect(await podwalk('run', at(name))).toMatchObject({ status: 2 });
  });

  test('exits 2 when a tag selects nothing', async () => {
    expect(await podwalk('run', at('all'), '--tag', 'nope')).toMatchObject({ status: 2 });
  });

  test('a snapshot directory promises nothing, and the message says so', async () => {
    expect(await podwalk('run', at('snap'))).toMatchObject({ status: 2, stdout: '', stderr: containing('nothing to run') });
  });

  test('--tag runs the checks that carry it', async () => {
    expect((await podwalk('run', at('failing.yaml'), '--tag', 'service')).stdout).toContain('1 check: 1 passed');
    expect((await podwalk('run', at('all'), '--tag', 'fast')).stdout).toContain('2 checks: 2 passed');
  });

  test('--tag plays no steps that nobody asks for, and all of a scenario of which it asks a check', async () => {
    const walk = '{ from: default/a, to: "default/b:80", send: { sport: 50000 }';
    const steps = `
cluster: { mode: overlay }
pods: [{ name: a, node: 0 }, { name: b, node: 1, listens: [tcp/80] }]
steps:
  - walk: ${walk} }
  - set-policy: { on: node/node-1, chain: FORWARD, policy: DROP }
    checks: [${walk}, tags: [known] }]
`;
    mkdirSync(at('stepwise'));
    // The connection that the untagged walk began is let through, a new one would not be.
    const rule = 'insert-rule: { on: node/node-1, chain: FORWARD, rule: -m conntrack --ctstate NEW -j DROP }';
    writeFileSync(at('stepwise/known.yaml'), steps.replace(/set-policy.*/, rule));
    writeFileSync(
      at('stepwise/impossible.yaml'),
      `${steps}  - delete-route: { on: node/node-0, route: 192.0.2.0/24 }\n`.replace('known', 'other'),
    );
    expect(await podwalk('run', at('stepwise'), '--tag', 'known')).toMatchObject({
      status: 0,
      stdout: containing('1 scenario, 1 check: 1 passed'),
    });
    expect(await podwalk('run', at('stepwise'))).toMatchObject({ status: 2 });
  });

  test('--bail stops after the first scenario that does not hold', async () => {
    const { status, stdout } = await podwalk('run', '--bail', at('failing.yaml'), at('all/good.yaml'));
    expect(status).toBe(1);
    expect(stdout).toContain('1 scenario,');
  });

  test('--list says what would run', async () => {
    const { status, stdout } = await podwalk('run', '--list', at('all/good.yaml'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/good\.yaml {2}good {2}2 checks/);
  });

  test('--list says it only of what carries the tag', async () => {
    expect((await podwalk('run', '--list', at('failing.yaml'), '--tag', 'service')).stdout).toMatch(/ 1 check$/m);
    expect((await podwalk('run', '--list', at('failing.yaml'), '--tag', 'fast')).stdout).toContain('2 checks');
    expect(await podwalk('run', '--list', at('all'), '--tag', 'nope')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: containing('nothing to run'),
    });
  });

  test('native manifests run by themselves and by inclusion', async () => {
    expect((await podwalk('run', at('app.yaml'))).stdout).toContain('2 checks: 2 passed');
    expect((await podwalk('run', at('including.yaml'))).stdout).toContain('2 checks: 2 passed');
  });

  test('--output writes the report to a file', async () => {
    const { status, stdout } = await podwalk('run', at('all'), '--reporter', 'json', '--output', at('report.json'));
    expect(status).toBe(0);
    expect(stdout).toBe('');
    expect(await podwalk('run', at('all'), '--output', at('no/such/folder'))).toMatchObject({ status: 2 });
  });
});

describe('reports of a run', () => {
  test('json holds every check, and the walks of those that failed', async () => {
    const { stdout } = await podwalk('run', at('failing.yaml'), '--reporter', 'json');
    const report = JSON.parse(stdout) as {
      status: number;
      counts: object;
      scenarios: { checks: { verdict: string; traces?: unknown[] }[] }[];
    };
    expect(report).toMatchObject({ podwalkRun: 1, status: 1, counts: { pass: 1, fail: 1 } });
    expect(report.scenarios[0]?.checks.map(({ verdict, traces }) => [verdict, traces?.length])).toEqual([
      ['pass', undefined],
      ['fail', 1],
    ]);
  });

  test('junit is well formed', async () => {
    const { stdout } = await podwalk('run', at('failing.yaml'), at('broken.yaml'), '--reporter', 'junit');
    expect(stdout).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="podwalk" tests="3" failures="1" errors="1">\n/);
    expect(stdout.match(/<testcase /g)).toHaveLength(3);
    expect(stdout.match(/<testcase [^>]*[^/]>/g)).toHaveLength(stdout.match(/<\/testcase>/g)?.length ?? 0);
  });

  test('tap counts every check', async () => {
    const { stdout } = await podwalk('run', at('failing.yaml'), '--reporter', 'tap');
    expect(stdout).toMatch(/^TAP version 14\n1\.\.2\nok 1 - .*\nnot ok 2 - .*\n {2}---\n {2}message: \|\n/);
    expect(stdout).toMatch(/ {2}\.\.\.\n$/);
  });

  test('github puts an annotation at the line of the check', async () => {
    const { stdout } = await podwalk('run', at('failing.yaml'), '--reporter', 'github');
    expect(stdout).toMatch(/^::error file=[^,]*failing\.yaml,line=10,col=5,title=to the pod::expect: expected replied%0A/);
  });

  test('a reporter that does not exist is bad input', async () => {
    expect(await podwalk('run', at('all'), '--reporter', 'html')).toMatchObject({ status: 2 });
  });
});

describe('podwalk validate', () => {
  test('says what is there without walking', async () => {
    expect(await podwalk('validate', at('failing.yaml'))).toMatchObject({ status: 0, stdout: containing('2 checks') });
  });

  test('lists every problem and exits 2', async () => {
    const { status, stderr } = await podwalk('validate', at('all/good.yaml'), at('broken.yaml'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/broken\.yaml:2:18: /);
  });

  test('lists what a walk would find UNKNOWN', async () => {
    writeFileSync(
      at('policy.yaml'),
      `${GOOD}manifests: [{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: deny }, spec: { podSelector: {} } }]\n`,
    );
    const { status, stdout } = await podwalk('validate', at('policy.yaml'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/UNKNOWN .*policy\.yaml:11:\d+: NetworkPolicy default\/deny/);
  });
});

describe('rules that are not modelled', () => {
  test('are told by podwalk validate, one by one, in a scenario and in a snapshot', async () => {
    const rule = '-A FORWARD -m string --algo bm --string "x" -j DROP';
    writeFileSync(
      at('string.yaml'),
      `cluster: { mode: overlay }\ntables: [{ on: node/node-0, iptables: ${JSON.stringify(`*filter\n${rule}\nCOMMIT\n`)} }]\nchecks: [{ from: node/node-0, to: node/node-1 }]\n`,
    );
    const scenario = await podwalk('validate', at('string.yaml'));
    expect(scenario.stdout).toMatch(/UNKNOWN node-0\/root: filter:FORWARD\[\d+\] -A FORWARD -m string --algo bm --string/);
    await podwalk('export', at('string.yaml'), '--output', at('string-snap'));
    const snapshot = await podwalk('validate', at('string-snap'));
    expect(snapshot.stdout).toMatch(/UNKNOWN node-0\/root: filter:FORWARD\[\d+\] -A FORWARD -m string --algo bm --string/);
    expect([scenario.status, snapshot.status]).toEqual([0, 0]);
  });
});

describe('podwalk validate of a snapshot directory', () => {
  test('says of each namespace what was not collected', async () => {
    const { status, stdout } = await podwalk('validate', at('snap'));
    expect(stdout).toMatch(/^ok {3}\S*snap {2}snapshot, 1 machine, 1 namespace\n/);
    expect(stdout).toMatch(/^ {5}UNKNOWN m\/root: NOT_COLLECTED /m);
    expect(status).toBe(0);
  });

  test('lists what is wrong with its files, each with its place, and exits 2', async () => {
    mkdirSync(at('bad-snap'));
    writeFileSync(at('bad-snap/snapshot.json'), '{ "podwalkSnapshot": 7 }');
    const { status, stderr } = await podwalk('validate', at('bad-snap'));
    expect(stderr).toMatch(/bad-snap\/snapshot\.json:1:\d+: /);
    expect(status).toBe(2);
  });
});

describe('podwalk schema', () => {
  test('prints the JSON Schema of a scenario, with a description for editors', async () => {
    const { status, stdout } = await podwalk('schema');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { cluster: { description: expect.any(String) as unknown } },
    });
  });

  test('completes modes and outcomes', async () => {
    const { stdout } = await podwalk('schema');
    expect(stdout).toMatch(/"enum": \[\s*"kubenet",\s*"azure",\s*"overlay"/);
    expect(stdout).toMatch(/"enum": \[\s*"send-error",\s*"!send-error",/);
  });

  test('prints the JSON Schema of a trace', async () => {
    expect(JSON.parse((await podwalk('schema', '--trace')).stdout)).toMatchObject({
      oneOf: [{ properties: { legs: { type: 'array' } } }, { properties: { error: { properties: { line: {}, message: {} } } } }],
    });
  });
});
