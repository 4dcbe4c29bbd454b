import { describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

describe('a command line that asks for what there is not', () => {
  test.each(['lab', 'shell', 'plan', 'trase'])('%s is no command, whatever is asked of it', async (name) => {
    const { status, stdout, stderr } = await podwalk(name, '--help');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^podwalk: there is no command .*; expected one of run, /);
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

  test('--root names a folder that exists', async () => {
    const { status, stderr } = await podwalk('run', 'scenarios/azure.yaml', '--root', 'no/folder');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^podwalk: --root: no\/folder is no folder\n$/);
  });
});
