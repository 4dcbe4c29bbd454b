import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const TRACE = ['trace', 'scenarios/azure.yaml', '--from', 'default/client', '--to', 'default/web:80'];

describe('the script that is compiled ahead', () => {
  let built = '';
  const podwalk = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [path.join(built, 'podwalk.js'), ...args], { cwd: root, encoding: 'utf8' });

  beforeAll(() => {
    built = mkdtempSync(path.join(tmpdir(), 'podwalk-bin-'));
    const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs', '--bin', built], { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    writeFileSync(path.join(built, 'package.json'), '{"type":"module"}');
  }, 60_000);
  afterAll(() => rmSync(built, { recursive: true, force: true }));

  it('says what the program says that is loaded in pieces', () => {
    const compiled = podwalk(...TRACE);
    const whole = mkdtempSync(path.join(tmpdir(), 'podwalk-bin-'));
    cpSync(built, whole, { recursive: true });
    rmSync(path.join(whole, 'compiled'), { recursive: true });
    const inPieces = spawnSync(process.execPath, [path.join(whole, 'podwalk.js'), ...TRACE], { cwd: root, encoding: 'utf8' });
    rmSync(whole, { recursive: true });
    expect(compiled).toMatchObject({ status: 0, stderr: '' });
    expect(compiled.stdout).toBe(inPieces.stdout);
  });

  it('runs without a code cache that fits', () => {
    writeFileSync(path.join(built, 'compiled/program.cache'), 'of another V8');
    expect(podwalk(...TRACE)).toMatchObject({ status: 0, stderr: '' });
  });

  it("tells a user's error from a bug, as ever", () => {
    expect(podwalk('trace', 'nowhere.yaml', '--from', 'a', '--to', 'b')).toMatchObject({ status: 2 });
    expect(podwalk('run', '--nonsense')).toMatchObject({ status: 2 });
  });
});
