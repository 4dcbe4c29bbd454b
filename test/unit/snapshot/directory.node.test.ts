import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/snapshot/directory.node.ts';
import { MAX_FILE_BYTES } from '../../../src/snapshot/directory.ts';

let root = '';

beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'podwalk-snapshot-'));
  mkdirSync(path.join(root, 'snap/m/n'), { recursive: true });
  writeFileSync(path.join(root, 'secret.json'), '[]');
  writeFileSync(path.join(root, 'snap/m/n/link.json'), '[1]');
  symlinkSync('../../../secret.json', path.join(root, 'snap/m/n/addr.json'));
  symlinkSync('link.json', path.join(root, 'snap/m/n/route.json'));
  symlinkSync('/', path.join(root, 'snap/up'));
  const tool = 'mkfifo';
  execFileSync(tool, [path.join(root, 'snap/m/n/neigh.json')]);
  writeFileSync(path.join(root, 'snap/m/n/rule.json'), '');
  truncateSync(path.join(root, 'snap/m/n/rule.json'), MAX_FILE_BYTES + 1);
});

afterAll(() => rmSync(root, { recursive: true }));

function open() {
  const directory = openDirectory(path.join(root, 'snap'));
  if (directory === null) throw new Error('no directory');
  return directory;
}

describe('a snapshot directory on disk', () => {
  it('gives files, also by links that stay inside', () => {
    expect(open().read('m/n/link.json')).toEqual({ kind: 'text', text: '[1]' });
    expect(open().read('m/n/route.json')).toEqual({ kind: 'text', text: '[1]' });
    expect(open().list('m')).toEqual(['n']);
    expect(open().list('nowhere')).toEqual([]);
    expect(open().read('m/n/fdb.json')).toEqual({ kind: 'absent' });
  });

  it('gives nothing from outside', () => {
    expect(open().read('m/n/addr.json')).toMatchObject({ kind: 'refused', message: 'the file lies outside the snapshot directory' });
    expect(open().read('../secret.json')).toMatchObject({ kind: 'refused' });
    expect(open().read('up/etc/passwd')).toMatchObject({ kind: 'refused' });
    expect(open().list('up')).toEqual([]);
    expect(open().list('..')).toEqual([]);
  });

  it('neither waits for a pipe nor reads a folder or a huge file', () => {
    expect(open().read('m/n/neigh.json')).toMatchObject({ kind: 'refused', message: 'this is not an ordinary file' });
    expect(open().read('m/n')).toMatchObject({ kind: 'refused' });
    expect(open().read('m/n/rule.json')).toMatchObject({ kind: 'refused', expected: `at most ${MAX_FILE_BYTES} (MAX_FILE_BYTES)` });
  });

  it('is none where there is none', () => {
    expect(openDirectory(path.join(root, 'absent'))).toBeNull();
  });
});
