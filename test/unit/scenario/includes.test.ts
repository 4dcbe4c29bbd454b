import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadScenario } from '../../../src/scenario/load.ts';
import { filesBeside, readSource } from '../../../src/scenario/source/files.node.ts';
import { SourceError } from '../../../src/scenario/source/problem.ts';

let folder: string;
const POD = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [] }\n';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-'));
  mkdirSync(path.join(folder, 'in/manifests'), { recursive: true });
  writeFileSync(path.join(folder, 'secret.yaml'), POD);
  writeFileSync(path.join(folder, 'in/manifests/pod.yaml'), POD);
  writeFileSync(path.join(folder, 'in/broken.yaml'), 'apiVersion: [\n');
  writeFileSync(path.join(folder, 'in/binary.yaml'), Uint8Array.from([0xff, 0x00]));
  symlinkSync('../secret.yaml', path.join(folder, 'in/out.yaml'));
  symlinkSync('manifests/pod.yaml', path.join(folder, 'in/inner.yaml'));
  symlinkSync('loop.yaml', path.join(folder, 'in/loop.yaml'));
  symlinkSync('..', path.join(folder, 'in/up'));
  execFileSync('mkfifo', [path.join(folder, 'in/pipe.yaml')]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a scenario that includes one path; gives its problem, or `null`. */
function include(name: string, root: string | null = null): string | null {
  const file = path.join(folder, 'in/case.yaml');
  const text = `cluster: { mode: azure }\nmanifests: [${JSON.stringify(name)}]\n`;
  try {
    loadScenario({ file, text }, filesBeside(file, root));
    return null;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.message;
  }
}

describe('includes come from the folder of the scenario and below', () => {
  test.each(['manifests/pod.yaml', './manifests/pod.yaml', 'inner.yaml', 'manifests/../manifests/pod.yaml'])('%s is taken', (name) => {
    expect(include(name)).toBeNull();
  });

  test.each([
    ['../secret.yaml', 'outside'],
    ['manifests/../../secret.yaml', 'outside'],
    ['out.yaml', 'outside'],
    ['up/secret.yaml', 'outside'],
    ['/etc/passwd', 'not relative'],
    ['no.yaml', 'no such file'],
    ['manifests', 'not a regular file'],
    ['pipe.yaml', 'not a regular file'],
    ['loop.yaml', 'circle'],
    ['manifests/pod.yaml/x', 'not a folder'],
    ['a\u0000b', 'not relative'],
    ['x'.repeat(4000), 'too long'],
    ['broken.yaml', 'broken.yaml:2:1'],
    ['binary.yaml', 'not UTF-8'],
  ])('%j is refused', (name, why) => {
    const problem = include(name) ?? '';
    expect(problem).toContain(why);
    expect(problem).toMatch(/^[^\n]*\.yaml:\d+:\d+: /);
  });

  test('--root allows a folder further up', () => {
    expect(include('../secret.yaml', folder)).toBeNull();
    expect(include('/etc/passwd', '/')).toContain('not relative');
  });
});

describe('the file that is named on the command line', () => {
  test.each([
    ['no.yaml', 'no such file'],
    ['in', 'not a regular file'],
    ['in/pipe.yaml', 'not a regular file'],
  ])('%s is refused', (name, why) => {
    const source = readSource(path.join(folder, name));
    expect('message' in source ? source.message : '').toContain(why);
  });
});
