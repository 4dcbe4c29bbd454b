import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { openSnapshot } from '../../src/scenario/snapshot/open.ts';
import { NO_FILES } from '../../src/scenario/source/files.ts';
import { memoryDirectory } from '../../src/snapshot/directory.ts';
import { caseFiles } from '../../src/snapshot/random/case-files.ts';
import { findNames, readFind } from './finds.ts';

describe('a case that --shrink writes has a scenario, which holds once the twin does what the kernel did', () => {
  it.each(findNames())('%s', (name) => {
    const find = readFind(name);
    const truths = find.answers.map(({ truth }) => truth);
    const files = caseFiles(find, truths, '6.18.0');
    const loaded = loadScenario({ file: 'scenario.yaml', text: files.get('scenario.yaml') ?? '' }, NO_FILES);
    const result = runScenario({ ...loaded, snapshot: openSnapshot(memoryDirectory(name, files)) });
    expect(result.checks.flatMap(({ name: check, mismatches }) => mismatches.map((mismatch) => [check, mismatch]))).toEqual([]);
    expect(result.checks).toHaveLength(find.probes.length);
  });
});
