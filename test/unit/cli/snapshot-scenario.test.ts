import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

let folder: string;
const at = (name: string): string => path.join(folder, name);

const CLUSTER = `cluster: { mode: kubenet }
pods: [{ name: client, node: 0 }, { name: web, node: 1, listens: [tcp/80] }]
services: [{ name: web, ports: [80] }]
`;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-on-snapshot-'));
  mkdirSync(at('in'));
  writeFileSync(at('cluster.yaml'), CLUSTER);
  await podwalk('export', at('cluster.yaml'), '--output', at('in/snap'));
  await podwalk('export', at('cluster.yaml'), '--output', at('outside'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a scenario that lies beside the snapshot `snap`. */
async function run(text: string, ...flags: string[]): ReturnType<typeof podwalk> {
  writeFileSync(at('in/promises.yaml'), text);
  return podwalk('run', at('in/promises.yaml'), ...flags);
}

describe('a scenario on a snapshot', () => {
  test('promises something of dumped machines, and changes them step by step', async () => {
    const { status, stdout } = await run(`
name: as it was found
snapshot: snap
checks:
  - { from: default/client, to: 'svc/default/web:80', backend: default/web }
steps:
  - set-policy: { on: node/node-1, chain: FORWARD, policy: DROP }
    checks: [{ from: default/client, to: 'default/web:80', expect: dropped, rule: 'node-1/root filter:FORWARD' }]
  - undo: 1
    checks: [{ from: default/client, to: 'default/web:80' }]
`);
    expect(stdout).toContain('3 checks: 3 pass');
    expect(status).toBe(0);
  });

  test('that promises nothing of its own asks every service of the dumps', async () => {
    const { status, stdout } = await run('snapshot: { folder: snap, cold: true }\n');
    expect(stdout).toContain('2 checks: 2 pass');
    expect(status).toBe(0);
  });

  test('is a source of trace, validate and export as well', async () => {
    await run('snapshot: snap\n');
    const ask = ['--from', 'default/client', '--to', 'default/web:80', '--format', 'json'];
    const here = await podwalk('trace', at('in/promises.yaml'), ...ask);
    const there = await podwalk('trace', at('in/snap'), ...ask);
    expect(here).toEqual(there);
    expect(here.status).toBe(0);
    expect(await podwalk('validate', at('in/promises.yaml'))).toMatchObject({ status: 0, stderr: '' });
    expect(await podwalk('export', at('in/promises.yaml'), '--output', at('again'))).toMatchObject({ status: 0 });
  });

  test.each([
    ['snapshot: ../outside\n', 'promises.yaml:1:11: ', 'lies outside of'],
    ['snapshot: /etc\n', 'promises.yaml:1:11: ', 'is not relative'],
    ['snapshot: nowhere\n', 'promises.yaml:1:11: ', 'there is no such file'],
    ['name: x\nsnapshot: .\n', 'promises.yaml:2:11: ', 'holds no snapshot.json'],
    ['snapshot: snap\npods: [{ name: a }]\n', 'promises.yaml:2:7: ', 'pods beside snapshot'],
    ['snapshot: { folder: snap, clod: true }\n', 'promises.yaml:1:', 'clod'],
    ['name: nothing\n', 'promises.yaml:1:1: ', 'the scenario has no cluster'],
  ])('%j is refused', async (text, place, why) => {
    const { status, stdout, stderr } = await run(text);
    expect(stdout + stderr).toContain(place);
    expect(stdout + stderr).toContain(why);
    expect(status).toBe(2);
  });

  test('--root allows a snapshot further up', async () => {
    expect(await run('snapshot: ../outside\n', '--root', folder)).toMatchObject({ status: 0 });
  });
});
