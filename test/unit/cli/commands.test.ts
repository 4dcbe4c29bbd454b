import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeErrorSchema, traceSchema } from '../../../src/report/trace/schema.ts';
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
      stdout: containing('1 scenario, 1 checks: 1 passed'),
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

describe('podwalk trace', () => {
  const ends = ['--from', 'default/client', '--to', 'svc/default/web:80'];

  test('prints one walk and exits 0 whatever its outcome', async () => {
    const replied = await podwalk('trace', at('all/good.yaml'), ...ends);
    expect(replied.status).toBe(0);
    expect(replied.stdout).toMatch(/^default\/client \S+ -> 10\.0\.\S+:80 TCP\nrequest\n {2}1\. pod default\/client/);
    expect(replied.stdout).toMatch(/^REPLIED {2}/m);
    const dropped = await podwalk('trace', at('all/good.yaml'), '--from', 'default/client', '--to', '168.63.129.16:80');
    expect(dropped).toMatchObject({ status: 0, stdout: matching(/^DROPPED {2}NETFILTER_DROP/m) });
  });

  test('--format json fits the published schema', async () => {
    const { stdout } = await podwalk('trace', at('all/good.yaml'), ...ends, '--format', 'json', '--detail', 'detailed');
    expect(traceSchema.safeParse(JSON.parse(stdout)).error).toBeUndefined();
  });

  test('--format markdown prints tables', async () => {
    const { stdout } = await podwalk('trace', at('all/good.yaml'), ...ends, '--format', 'markdown');
    expect(stdout).toContain('| # | place | step | what |');
    expect(stdout).toContain('| 1 | pod default/client (');
    expect(stdout).toMatch(/^\*\*REPLIED .*; pod default\/web-\d saw /m);
  });

  test('--all-branches walks every way', async () => {
    const { stdout } = await podwalk('trace', at('all/good.yaml'), ...ends, '--all-branches', '--format', 'json');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { branch: { odds: number }; delivered: { dst: string } });
    expect(lines.map(({ branch }) => branch.odds)).toEqual([0.5, 0.5]);
    expect(new Set(lines.map(({ delivered }) => delivered.dst)).size).toBe(2);
  });

  test('--max-branches says that there are more', async () => {
    const { stdout } = await podwalk('trace', at('all/good.yaml'), ...ends, '--all-branches', '--max-branches', '1');
    expect(stdout).toMatch(/^branch 1 of at least 2, odds 50\.0 %/m);
    const json = await podwalk('trace', at('all/good.yaml'), ...ends, '--all-branches', '--max-branches', '1', '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ truncated: true, branch: { index: 0, of: 2, truncated: true } });
  });

  test.each([
    [[...ends, '--sport', '0'], '--sport: there is no tcp port 0'],
    [['--from', 'default/client:5555', '--to', 'svc/default/web:80', '--sport', '1'], '--sport: default/client:5555'],
    [['--from', 'default/nobody', '--to', '10.0.0.1:80'], 'there is no pod default/nobody'],
    [['--from', 'default/client', '--to', 'svc/default/web:81'], 'has no port 81'],
    [['--from', 'default/client'], '--from and --to'],
    [['--from', 'default/client', '--to', 'fd00::1'], 'IPv6'],
    [['--from', 'default/client', '--to', '10.0.0.1:80', '--src', 'nonsense'], 'nonsense'],
  ])('%j is bad input', async (args, why) => {
    expect(await podwalk('trace', at('all/good.yaml'), ...args)).toMatchObject({ status: 2, stderr: containing(why) });
  });

  test('a source that is no scenario is bad input', async () => {
    expect(await podwalk('trace', at('empty'), ...ends)).toMatchObject({ status: 2 });
    expect(await podwalk('trace', at('nowhere.yaml'), ...ends)).toMatchObject({ status: 2 });
    expect(await podwalk('trace', at('all/labs/lab.yaml'), ...ends)).toMatchObject({
      status: 2,
      stderr: containing('lab.yaml:1:1: unknown field "lab"'),
    });
  });
});

describe('podwalk trace --probes', () => {
  async function probes(text: string, ...flags: string[]): Promise<{ status: number; lines: Record<string, unknown>[] }> {
    writeFileSync(at('probes.jsonl'), text);
    const { status, stdout } = await podwalk('trace', at('all/good.yaml'), '--probes', at('probes.jsonl'), ...flags);
    return {
      status,
      lines: stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  }
  const line = (fields: object): string =>
    `${JSON.stringify({ from: 'default/client', proto: 'tcp', dst: 'svc/default/web:80', ...fields })}\n`;

  test('one line in, one line out, in order', async () => {
    const { status, lines } = await probes(
      line({ id: 'a' }) + line({ id: 'b', dst: '168.63.129.16', dport: 80 }) + line({ id: 'c', proto: 'icmp', dst: 'node/node-1' }),
    );
    expect(status).toBe(0);
    expect(lines.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['a', 'replied'],
      ['b', 'dropped'],
      ['c', 'replied'],
    ]);
  });

  test('an error takes the place of a line that can not be walked, and the others still run', async () => {
    const { status, lines } = await probes(
      `${line({ id: 'a' })}nonsense\n\n${line({ id: 'c', from: 'default/nobody' })}${line({ id: 'd' })}`,
    );
    expect(status).toBe(2);
    expect(lines.map(({ id, error }) => [id, error])).toEqual([
      ['a', undefined],
      [null, { line: 2, message: containing('not JSON') }],
      ['c', { line: 4, message: containing('no pod default/nobody') }],
      ['d', undefined],
    ]);
  });

  test.each([
    [{ proto: 'sctp' }, 'proto'],
    [{ dst: undefined }, 'dst is missing'],
    [{ from: 7 }, 'from is not text'],
    [{ ttl: 0 }, 'ttl'],
    [{ ttl: 256 }, 'ttl'],
    [{ dport: 0 }, 'dport'],
    [{ dst: '10.0.0.1' }, 'no port'],
    [{ size: -1 }, 'size'],
    [{ mark: 4_294_967_296 }, 'mark'],
    [{ df: 'perhaps' }, 'df'],
    [{ src: '10.0.0.256' }, 'src'],
    [{ dprot: 80 }, 'unknown field "dprot"; did you mean "dport"'],
    [{ from: 'svc/default/web' }, 'a service sends nothing'],
    [{ id: [] }, 'id'],
  ])('%j is an error of its line', async (fields, why) => {
    const { status, lines } = await probes(line(fields));
    expect(status).toBe(2);
    expect(JSON.stringify(lines[0])).toContain(why.replaceAll('"', '\\"'));
  });

  test('probes share a session unless each is fresh', async () => {
    const twice = line({ id: 'a', sport: 50_000 }) + line({ id: 'b', sport: 50_000 });
    const states = ({ lines }: { lines: Record<string, unknown>[] }): string => JSON.stringify(lines.map(({ legs }) => legs));
    const [first, second] = (await probes(twice, '--fresh')).lines;
    expect(first?.['legs']).toEqual(second?.['legs']);
    expect(states(await probes(twice))).not.toBe(states(await probes(twice, '--fresh')));
  });

  test('--cold is a fresh start for each, too', async () => {
    const { lines } = await probes(line({ id: 'a', sport: 50_000 }) + line({ id: 'b', sport: 50_000 }), '--cold');
    expect(lines[0]?.['legs']).toEqual(lines[1]?.['legs']);
  });

  test('a byte-order mark does no harm, and every line fits the published schema', async () => {
    const { status, lines } = await probes(`\ufeff${line({ id: 'a' })}nonsense\n`);
    expect(status).toBe(2);
    expect(lines[0]).toMatchObject({ id: 'a', outcome: 'replied' });
    expect([traceSchema.safeParse(lines[0]).success, probeErrorSchema.safeParse(lines[1]).success]).toEqual([true, true]);
  });

  test('an empty file is bad input', async () => {
    expect((await probes('')).status).toBe(2);
  });

  test('a line without end is an error, not a hang', async () => {
    const { status, lines } = await probes(`${'x'.repeat(70_000)}\n${line({ id: 'b' })}`);
    expect(status).toBe(2);
    expect(lines.map(({ id }) => id)).toEqual([null, 'b']);
  });

  test('two runs give the same bytes', async () => {
    const text = line({ id: 'a' }) + line({ id: 'b', sport: 5 });
    expect(JSON.stringify(await probes(text))).toBe(JSON.stringify(await probes(text)));
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
