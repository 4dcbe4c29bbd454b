import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'podwalk-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a command line that asks for what there is not', () => {
  test.each(['lab', 'shell', 'plan', 'trase'])('%s is no command, whatever is asked of it', async (name) => {
    const { status, stdout, stderr } = await podwalk(name, '--help');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^podwalk: there is no command .*expected one of run, /);
  });

  test.each([
    [['trace', 'x.yaml', '--probes', 'x', '--format', 'text'], '--probes writes JSON lines; leave --format out'],
    [['verify', 'x.yaml', '--shrink'], '--shrink goes with --random'],
    [['verify', 'x.yaml', '--rarities'], '--rarities goes with --random'],
    [['verify', '--random', '2', '--probes', 'x'], 'random networks bring probes of their own; leave --probes out'],
    [['run', 'x.yaml', '--list', '--reporter', 'json'], '--list is text; leave --reporter out'],
    [['schema', '--trace', '--snapshot'], '--trace or --snapshot, not both'],
  ])('%j asks for what would do nothing', async (args, message) => {
    expect(await podwalk(...args)).toEqual({ status: 2, stdout: '', stderr: `podwalk: ${message}\n` });
  });

  test.each(['run', 'validate', 'trace'])('%s of a file that is nowhere invents no place in it', async (command) => {
    const { status, stdout, stderr } = await podwalk(command, 'no.yaml', ...(command === 'trace' ? ['--from', 'a/b', '--to', 'a/c'] : []));
    expect(status).toBe(2);
    expect(stdout + stderr).toMatch(/^no\.yaml: .*there is no such file/);
  });

  test('run of a file that promises nothing does not call it well', async () => {
    const file = path.join(folder, 'empty.yaml');
    writeFileSync(file, 'cluster: { mode: overlay }\n');
    const { status, stdout, stderr } = await podwalk('run', file);
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'podwalk: nothing to run\n' });
    expect(stdout).toMatch(/^- +\S+empty\.yaml no checks\n/);
  });

  test('--root names a folder that exists', async () => {
    const { status, stderr } = await podwalk('run', 'scenarios/azure.yaml', '--root', 'no/folder');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^podwalk: --root: no\/folder is no folder\n$/);
  });
});
