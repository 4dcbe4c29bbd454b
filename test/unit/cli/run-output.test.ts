import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'podwalk-output-'));
afterAll(() => rmSync(folder, { recursive: true }));

const report = path.join(folder, 'report.xml');
const broken = path.join(folder, 'broken.yaml');
writeFileSync(broken, 'name: [\n');
const SCENARIO = 'scenarios/aks-azure.yaml';

describe('an earlier report', () => {
  test.each([
    ['of a path that does not exist', ['no-such.yaml']],
    ['of a folder without scenarios', ['src/wire']],
    ['of a list that cannot be made', ['--list', SCENARIO, broken]],
  ])('is kept where there is nothing to put in its place: a run %s', async (_, args) => {
    writeFileSync(report, 'the old report');
    expect(await podwalk('run', ...args, '--reporter', 'junit', '--output', report)).toMatchObject({ status: 2, stdout: '' });
    expect(readFileSync(report, 'utf8')).toBe('the old report');
  });

  test('gives way to a new one', async () => {
    writeFileSync(report, 'the old report'.repeat(10_000));
    expect(await podwalk('run', SCENARIO, '--reporter', 'junit', '--output', report)).toMatchObject({ status: 0 });
    expect(readFileSync(report, 'utf8')).toMatch(/^<\?xml[^]*<\/testsuites>\n$/);
    expect(await podwalk('run', '--list', SCENARIO, '--output', report)).toMatchObject({ status: 0 });
    expect(readFileSync(report, 'utf8')).toMatch(/^scenarios\/aks-azure\.yaml {2}.* checks.*\n$/);
  });
});
