import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type LoadedScenario, loadScenario } from '../scenario/load.ts';
import { filesBeside, readSource } from '../scenario/source/files.node.ts';
import { LIMITS, overLimit } from '../scenario/source/limits.ts';
import { SourceError } from '../scenario/source/problem.ts';

/** A file to run: named by the user, or found in a folder that the user named. */
export interface SourceFile {
  readonly file: string;
  readonly found: boolean;
}

const SCENARIO = /\.ya?ml$/;
const LABS = 'labs';

/**
 * The scenario files that arguments name: a file is itself, a folder all in it and below, labs left out; in the order of their names.
 * @throws SourceError for a path that does not exist.
 */
export function findSources(paths: readonly string[]): SourceFile[] {
  const sources = paths.flatMap((name) =>
    isFolder(name) ? inFolder(name).map((file) => ({ file, found: true })) : [{ file: name, found: false }],
  );
  if (sources.length > LIMITS.MAX_FILES) fail(paths[0] ?? '.', overLimit('too many files', 'MAX_FILES'));
  return sources;
}

function fail(file: string, message: string): never {
  throw new SourceError([{ file, line: 1, col: 1, message, expected: '' }]);
}

function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch {
    return fail(name, 'there is no such file or folder');
  }
}

function inFolder(folder: string): string[] {
  const files: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const name = path.join(next, entry.name);
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory() && entry.name !== LABS) folders.push(name);
      else if (entry.isFile() && SCENARIO.test(entry.name)) files.push(name);
    }
    if (files.length > LIMITS.MAX_FILES) fail(folder, overLimit('too many files', 'MAX_FILES'));
  }
  return files.sort((a, b) => (a < b ? -1 : 1));
}

/** Reads a scenario and what it includes. @throws SourceError with everything that is wrong with it. */
export function loadSource(file: string, root: string | undefined): LoadedScenario {
  const source = readSource(file);
  if (!('text' in source)) throw new SourceError([source]);
  return loadScenario(source, filesBeside(file, root ?? null));
}
