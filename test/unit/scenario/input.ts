import { loadScenario } from '../../../src/scenario/load.ts';
import { runScenario } from '../../../src/scenario/run.ts';
import type { ScenarioResult } from '../../../src/scenario/result.ts';
import { filesFrom } from '../../../src/scenario/source/files.ts';
import { SourceError, problemLine } from '../../../src/scenario/source/problem.ts';
import { decode } from '../../../src/scenario/source/text.ts';
import { validateScenario } from '../../../src/scenario/validate.ts';

const FILE = 'case.yaml';

/** The problems that a text makes when it is read, built and looked up, one line each; none for a text without fault. */
export function problemsOf(input: string | Uint8Array, files: Record<string, string> = {}): string[] {
  const source = decode(FILE, typeof input === 'string' ? new TextEncoder().encode(input) : input);
  if (!('text' in source)) return [problemLine(source)];
  try {
    validateScenario(loadScenario(source, filesFrom(new Map(Object.entries(files)))));
    return [];
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.problems.map(problemLine);
  }
}

/** Runs the text of a scenario. */
export function run(text: string, files: Record<string, string> = {}): ScenarioResult {
  return runScenario(loadScenario({ file: FILE, text }, filesFrom(new Map(Object.entries(files)))));
}
