import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type LoadedScenario, loadScenario } from '../scenario/load.ts';
import { type SnapshotSection, snapshotOf } from '../scenario/schema/snapshot.ts';
import type { OpenedSnapshot } from '../scenario/snapshot/open.ts';
import { filesBeside, readSource } from '../scenario/source/files.node.ts';
import { LIMITS, overLimit } from '../scenario/source/limits.ts';
import { SourceError } from '../scenario/source/problem.ts';
import { UsageError } from './exit.ts';

/** A scenario file or a snapshot directory: named by the user, or found in a folder that the user named. */
export interface SourceFile {
  readonly kind: 'scenario' | 'snapshot';
  readonly file: string;
  readonly found: boolean;
}

const SCENARIO = /\.ya?ml$/;
const LABS = 'labs';

/**
 * The sources that arguments name: a file is itself, and so is a snapshot directory; any other folder is all in it and below, labs left
 * out; in the order of their names.
 * @throws SourceError for a path that does not exist.
 */
export function findSources(paths: readonly string[]): SourceFile[] {
  const sources = paths.flatMap((name): SourceFile[] => {
    if (!isFolder(name)) return [{ kind: 'scenario', file: name, found: false }];
    return isSnapshot(name) ? [{ kind: 'snapshot', file: name, found: false }] : inFolder(name);
  });
  if (sources.length > LIMITS.MAX_FILES) fail(paths[0] ?? '.', overLimit('too many files', 'MAX_FILES'));
  return sources;
}

function fail(file: string, message: string): never {
  throw new SourceError([{ file, line: 0, col: 0, message, expected: '' }]);
}

function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch {
    return fail(name, 'there is no such file or folder');
  }
}

/** Whether a folder is a snapshot directory. */
export function isSnapshot(folder: string): boolean {
  return statSync(path.join(folder, 'snapshot.json'), { throwIfNoEntry: false })?.isFile() === true;
}

function inFolder(folder: string): SourceFile[] {
  const found: SourceFile[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    if (isSnapshot(next)) {
      found.push({ kind: 'snapshot', file: next, found: true });
      continue;
    }
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const name = path.join(next, entry.name);
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory() && entry.name !== LABS) folders.push(name);
      else if (entry.isFile() && SCENARIO.test(entry.name)) found.push({ kind: 'scenario', file: name, found: true });
    }
    if (found.length > LIMITS.MAX_FILES) fail(folder, overLimit('too many files', 'MAX_FILES'));
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** @throws UsageError where `--root` is no folder */
function checkRoot(root: string | undefined): void {
  if (root !== undefined && statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--root: ${root} is no folder`);
}

/** Reads a scenario and what it includes, a snapshot left out. @throws SourceError with everything that is wrong with it. */
export function loadSource(file: string, root: string | undefined): LoadedScenario {
  checkRoot(root);
  const source = readSource(file);
  if (!('text' in source)) throw new SourceError([source]);
  return loadScenario(source, filesBeside(file, root ?? null));
}

/** Reads a scenario and what it includes, a snapshot as well. @throws SourceError with everything that is wrong with it. */
export async function openSource(file: string, root: string | undefined): Promise<LoadedScenario> {
  const loaded = loadSource(file, root);
  const { snapshot } = loaded.scenario;
  return snapshot === undefined ? loaded : { ...loaded, snapshot: await openBeside(loaded, snapshotOf(snapshot), root) };
}

async function openBeside(
  { file, document }: LoadedScenario,
  { folder, lenient = false }: SnapshotSection,
  root: string | undefined,
): Promise<OpenedSnapshot> {
  const { openDirectory } = await import('../snapshot/directory.node.ts');
  const { openSnapshot } = await import('../scenario/snapshot/open.ts');
  const found = filesBeside(file, root ?? null).folder(folder);
  if (typeof found !== 'string') throw new SourceError([{ file, ...document.at(['snapshot']), ...found }]);
  const directory = openDirectory(found);
  if (directory === null || !isSnapshot(found)) {
    const problem = { message: `${found} holds no snapshot.json`, expected: 'a snapshot directory' };
    throw new SourceError([{ file, ...document.at(['snapshot']), ...problem }]);
  }
  return openSnapshot(directory, { lenient });
}
