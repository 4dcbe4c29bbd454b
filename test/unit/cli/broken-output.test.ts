import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

const FULL = '/dev/full';
const root = path.join(import.meta.dirname, '../../..');
const SCENARIO = `cluster: { mode: azure }
pods: [{ name: a, node: 0 }, { name: b, node: 1, listens: [tcp/80] }]
checks: [{ from: default/a, to: 'default/b:80' }]
`;

let folder: string;
let program: string;
let scenario: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-'));
  program = path.join(folder, 'main.mjs');
  scenario = path.join(folder, 'scenario.yaml');
  writeFileSync(scenario, SCENARIO);
  buildSync({
    entryPoints: [path.join(root, 'src/cli/main.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    // Ink would load it where a debugger is wanted; it is not installed.
    external: ['react-devtools-core'],
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

if (!existsSync(FULL)) console.warn(`3 tests skipped: there is no ${FULL}`);

describe.skipIf(!existsSync(FULL))('a disk that is full is said in one line, and the exit status is 2', () => {
  test.each([
    ['run', []],
    ['trace', ['--from', 'default/a', '--to', 'default/b:80']],
  ])('%s to standard output', (command, flags) => {
    const full = openSync(FULL, 'w');
    const { status, stderr } = spawnSync(process.execPath, [program, command, scenario, ...flags], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(stderr).toBe('podwalk: standard output can not be written: ENOSPC\n');
    expect(status).toBe(2);
  });

  test('run --output', async () => {
    expect(await podwalk('run', scenario, '--output', FULL)).toEqual({
      status: 2,
      stdout: '',
      stderr: `podwalk: ${FULL} can not be written: ENOSPC\n`,
    });
  });
});

/** Runs the program with a reader that goes away before the first word; gives the exit status. */
function unread(args: readonly string[], input?: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdout.destroy();
    child.stdin.on('error', () => undefined);
    if (input === undefined) child.stdin.end();
    else {
      const pour = (): void => {
        while (child.stdin.write(input));
      };
      child.stdin.on('drain', pour);
      pour();
    }
    child.on('error', reject).on('close', resolve);
  });
}

describe('a reader that has gone away', () => {
  test('takes no failure with it', async () => {
    const failing = path.join(folder, 'failing.yaml');
    writeFileSync(failing, SCENARIO.replace(/ \}\]\n$/, ', expect: dropped }]\n'));
    expect(await unread(['run', failing, scenario])).toBe(1);
    expect(await unread(['run', scenario])).toBe(0);
    expect(await unread(['run', path.join(folder, 'none.yaml')])).toBe(2);
  });

  test('ends a stream of probes that has no end', async () => {
    const probe = '{"from":"default/a","proto":"tcp","dst":"default/b","dport":80}\n';
    expect(await unread(['trace', scenario, '--probes', '-'], probe.repeat(100))).toBe(141);
  });
});
