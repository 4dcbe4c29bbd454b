import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

const SOURCE = path.join(import.meta.dirname, '../../../scenarios/azure.yaml');
const ends = ['--from', 'default/client', '--to', 'svc/default/web:80'];
let folder: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-formats-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('podwalk trace', () => {
  test('--format pcapng and svg write files; what can not be written is refused before anything is walked', async () => {
    const trace = ['trace', SOURCE, ...ends];
    const capture = at('walk.pcapng');
    expect(await podwalk(...trace, '--format', 'pcapng', '--output', capture)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect([...readFileSync(capture).subarray(0, 4)]).toEqual([0x0a, 0x0d, 0x0d, 0x0a]);
    expect((await podwalk(...trace, '--format', 'svg')).stdout).toMatch(/^<svg /);
    const complaint = (stderr: string): object => ({ status: 2, stdout: '', stderr: expect.stringContaining(stderr) as string });
    expect(await podwalk(...trace, '--format', 'svg', '--all-branches')).toMatchObject(complaint('--format svg draws one walk'));
    expect(await podwalk('trace', SOURCE, '--probes', '-', '--format', 'svg')).toMatchObject(complaint('--probes writes JSON lines'));
    expect(await podwalk(...trace, '--output', at('no/such/file'))).toMatchObject(complaint('can not be written: ENOENT'));
    const wasTerminal = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
    Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true });
    try {
      expect(await podwalk(...trace, '--format', 'pcapng')).toMatchObject(complaint('pcapng is binary and standard output is a terminal'));
    } finally {
      if (wasTerminal === undefined) Reflect.deleteProperty(process.stdout, 'isTTY');
      else Object.defineProperty(process.stdout, 'isTTY', wasTerminal);
    }
  });
});
