import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { type SnapshotDirectory, memoryDirectory } from '../../src/snapshot/directory.ts';

const HERE = path.dirname(fileURLToPath(import.meta.url));
/** Where the recordings were packed from, beside this repository. */
const ORIGINALS = path.resolve(HERE, '../../../shared/data/kernel');

let unpacked: ReadonlyMap<string, string> | null = null;

/** Every recorded file by its path `CASE/…`, as `scripts/pack-recordings.mjs` packed it. */
export function recordedFiles(): ReadonlyMap<string, string> {
  const read = (): ReadonlyMap<string, string> => {
    const text = brotliDecompressSync(readFileSync(path.join(HERE, 'recordings.json.br'))).toString('utf8');
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  };
  return (unpacked ??= read());
}

export function recordedCases(): string[] {
  return [...new Set([...recordedFiles().keys()].map((file) => file.split('/')[0] ?? ''))];
}

/** The snapshot directory of a case. */
export function recordedDirectory(name: string): SnapshotDirectory {
  const inside = `${name}/`;
  const files = [...recordedFiles()].filter(([file]) => file.startsWith(inside));
  return memoryDirectory(name, new Map(files.map(([file, text]) => [file.slice(inside.length), text])));
}

/** The same files where they were packed from; null where they are not beside this repository. */
export function originalFiles(): ReadonlyMap<string, string> | null {
  if (!existsSync(ORIGINALS)) return null;
  const names = readdirSync(ORIGINALS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ORIGINALS, path.join(entry.parentPath, entry.name)))
    .filter((name) => name.includes('/'))
    .sort();
  return new Map(names.map((name) => [name, readFileSync(path.join(ORIGINALS, name), 'utf8')]));
}
