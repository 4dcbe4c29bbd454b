import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { type FileContent, MAX_FILE_BYTES, type SnapshotDirectory, tooLarge } from './directory.ts';

/** The longest folder listing that is read. */
const MAX_NAMES = 100_000;

/**
 * A snapshot directory on disk. Files are taken only from inside it, whatever symbolic links say, and only ordinary files are opened.
 * @returns null when there is no such directory.
 */
export function openDirectory(name: string): SnapshotDirectory | null {
  const root = realPath(name);
  if (root === null) return null;
  const shown = name.replace(/\/+$/, '');
  return {
    name: shown,
    list(folder) {
      const real = inside(root, folder);
      if (real === null) return [];
      try {
        return readdirSync(real).sort().slice(0, MAX_NAMES);
      } catch {
        return [];
      }
    },
    read(file) {
      const real = inside(root, file);
      if (real === null) return absentOrOutside(path.join(root, file));
      return readBounded(real);
    },
  };
}

function realPath(name: string): string | null {
  try {
    return realpathSync(name);
  } catch {
    return null;
  }
}

function inside(root: string, file: string): string | null {
  const real = realPath(path.join(root, file));
  if (real === null) return null;
  const relative = path.relative(root, real);
  return relative.startsWith('..') || path.isAbsolute(relative) ? null : real;
}

function absentOrOutside(full: string): FileContent {
  if (realPath(full) === null) return { kind: 'absent' };
  return { kind: 'refused', message: 'the file lies outside the snapshot directory', expected: 'a file below it' };
}

/** Opens without blocking, so that a named pipe cannot hang the reader. */
function readBounded(file: string): FileContent {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return { kind: 'refused', message: 'the file cannot be opened', expected: 'a readable file' };
  }
  try {
    const { size } = fstatSync(fd);
    if (!fstatSync(fd).isFile()) return { kind: 'refused', message: 'this is not an ordinary file', expected: 'an ordinary file' };
    if (size > MAX_FILE_BYTES) return tooLarge(size);
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let got = -1; got !== 0 && length < size; length += got) got = readSync(fd, bytes, length, size - length, null);
    return { kind: 'text', text: bytes.toString('utf8', 0, length) };
  } catch {
    return { kind: 'refused', message: 'the file cannot be read', expected: 'a readable file' };
  } finally {
    closeSync(fd);
  }
}
