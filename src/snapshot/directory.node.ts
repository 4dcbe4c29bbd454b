import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, realpathSync, statSync } from 'node:fs';
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
  const list = (folder: string): readonly string[] => {
    const found = find(root, folder);
    return found.kind === 'inside' ? namesIn(found.path) : [];
  };
  // Files are asked for folder by folder, most of which hold few of those that there could be: one listing tells.
  let latest: { readonly folder: string; readonly found: Found; readonly names: ReadonlySet<string> } | null = null;
  const look = (folder: string) => {
    if (latest?.folder !== folder) latest = { folder, found: find(root, folder), names: new Set(list(folder)) };
    return latest;
  };
  return {
    name: name.replace(/\/+$/, ''),
    list,
    read(file) {
      const { found, names } = look(path.dirname(file));
      if (found.kind === 'outside') return OUTSIDE;
      if (!names.has(path.basename(file))) return { kind: 'absent' };
      const target = find(root, file);
      switch (target.kind) {
        case 'absent':
          return { kind: 'absent' };
        case 'outside':
          return OUTSIDE;
        case 'inside':
          return readBounded(target.path);
      }
    },
  };
}

/** Where a path leads once links are followed. */
type Found = { readonly kind: 'absent' | 'outside' } | { readonly kind: 'inside'; readonly path: string };

const OUTSIDE: FileContent = { kind: 'refused', message: 'the file lies outside the snapshot directory', expected: 'a file below it' };
const NOT_ORDINARY: FileContent = { kind: 'refused', message: 'this is not an ordinary file', expected: 'an ordinary file' };

function find(root: string, file: string): Found {
  const real = realPath(path.join(root, file));
  if (real === null) return { kind: 'absent' };
  const relative = path.relative(root, real);
  return relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)
    ? { kind: 'outside' }
    : { kind: 'inside', path: real };
}

function realPath(name: string): string | null {
  try {
    return realpathSync.native(name);
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort().slice(0, MAX_NAMES);
  } catch {
    return [];
  }
}

/** Opens ordinary files only, as opening a device may do something; and without blocking, should a named pipe have taken its place. */
function readBounded(file: string): FileContent {
  let fd: number;
  try {
    if (!statSync(file).isFile()) return NOT_ORDINARY;
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return { kind: 'refused', message: 'the file cannot be opened', expected: 'a readable file' };
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) return NOT_ORDINARY;
    const { size } = status;
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
