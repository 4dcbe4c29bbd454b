import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectoryRefused, writeDirectory } from '../../../src/snapshot/write-directory.node.ts';
import { podwalk } from './program.ts';

let folder: string;
const at = (name: string): string => path.join(folder, name);

const SCENARIO = `cluster: { mode: kubenet }
pods: [{ name: client, node: 0 }, { name: web, node: 1, listens: [tcp/80] }]
services: [{ name: web, ports: [80] }]
`;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-export-'));
  writeFileSync(at('scenario.yaml'), SCENARIO);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('podwalk export', () => {
  test('writes a snapshot directory in which a packet walks as in its source, byte for byte', async () => {
    const exported = await podwalk('export', at('scenario.yaml'), '--output', at('snap'));
    expect(exported).toMatchObject({ status: 0, stderr: '' });
    expect(exported.stdout).toMatch(/snap: 3 machines, 5 namespaces, \d+ files\n$/);
    const ask = ['--from', 'default/client', '--to', 'svc/default/web:80', '--format', 'json', '--detail', 'detailed'];
    const [source, snapshot] = [await podwalk('trace', at('scenario.yaml'), ...ask), await podwalk('trace', at('snap'), ...ask)];
    expect(snapshot).toEqual(source);
    expect(snapshot.status).toBe(0);
    expect(await podwalk('validate', at('snap'))).toMatchObject({ status: 0, stderr: '' });
  });

  test('of a snapshot writes the same files again', async () => {
    await podwalk('export', at('snap'), '--output', at('again'));
    const files = readdirSync(at('snap'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:json|txt)$/.test(name));
    expect(files.length).toBeGreaterThan(40);
    expect(readdirSync(at('again'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:json|txt)$/.test(name))).toEqual(files);
    for (const file of files)
      expect([file, readFileSync(path.join(at('again'), file), 'utf8')]).toEqual([file, readFileSync(path.join(at('snap'), file), 'utf8')]);
  });

  test('writes into no folder that is not empty, unless told to; then it replaces a snapshot and leaves the rest', async () => {
    writeFileSync(at('snap/notes.md'), 'mine');
    mkdirSync(at('snap/node-0/old'));
    const refused = await podwalk('export', at('scenario.yaml'), '--output', at('snap'));
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('snap is not empty; another folder is expected, or --force');
    expect((await podwalk('export', at('scenario.yaml'), '--output', at('snap'), '--force')).status).toBe(0);
    expect([existsSync(at('snap/notes.md')), existsSync(at('snap/node-0/old')), existsSync(at('snap/node-0/root/link.json'))]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('says what is missing', async () => {
    expect((await podwalk('export', at('scenario.yaml'))).status).toBe(2);
    const noFolder = await podwalk('export', at('scenario.yaml'), '--output', at('scenario.yaml'));
    expect(noFolder).toMatchObject({ status: 2, stderr: expect.stringContaining('can not be written') as unknown });
  });
});

describe('the writer of a snapshot directory', () => {
  test.each(['../x', '/etc/x', 'a/../../x', '.hidden', 'a//b', 'a/b\u001b[31m', ''])('writes no file called %j', (name) => {
    expect(() => writeDirectory(at('hostile'), new Map([[name, 'x']]), true)).toThrow(DirectoryRefused);
    expect(existsSync(at('hostile'))).toBe(false);
  });

  test('follows no symbolic link out of the folder', () => {
    mkdirSync(at('linked'));
    mkdirSync(at('outside'));
    symlinkSync(at('outside'), at('linked/m'));
    expect(() => writeDirectory(at('linked'), new Map([['m/root/link.json', '[]']]), true)).toThrow(/m is no folder/);
    expect(readdirSync(at('outside'))).toEqual([]);
  });
});
