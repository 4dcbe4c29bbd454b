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
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-'));
  mkdirSync(at('all/labs'), { recursive: true });
  mkdirSync(at('empty'));
  writeFileSync(at('all/good.yaml'), GOOD);
  writeFileSync(at('all/labs/lab.yaml'), 'lab: not a scenario\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
    [{ proto: undefined }, 'proto is missing; expected one of tcp, udp, icmp'],
    [{ dst: undefined }, 'dst is missing'],
    [{ to: 'default/web' }, 'unknown field "to"; did you mean "dst"?'],
    [{ port: 80 }, 'unknown field "port"; did you mean "dport"?'],
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
