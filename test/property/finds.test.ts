import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { NO_FILES } from '../../src/scenario/source/files.ts';
import { violations } from '../../src/trace/invariants.ts';
import { earlierFinds } from './support/find.ts';

describe('what was found before', () => {
  const finds = earlierFinds();

  it('is kept as scenario files', () => {
    expect(finds.length).toBeGreaterThan(0);
  });

  it.each(finds.map(({ name, text }): [string, string] => [name, text]))('holds: %s', (name, text) => {
    const { checks, problems } = runScenario(loadScenario({ file: name, text }, NO_FILES), { detailed: true });
    expect(problems).toEqual([]);
    expect(checks.filter(({ verdict }) => verdict !== 'pass').map((check) => ({ name: check.name, mismatches: check.mismatches }))).toEqual(
      [],
    );
    expect(checks.flatMap(({ traces }) => traces.flatMap(violations))).toEqual([]);
    expect(checks.length).toBeGreaterThan(0);
  });
});
