import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Files } from './files.ts';
import { LIMITS, overLimit } from './limits.ts';
import type { Problem } from './problem.ts';
import { type SourceText, decode } from './text.ts';

type Refusal = Omit<Problem, 'file' | 'line' | 'col'>;

/** Files on disk, among which there may be folders. */
export interface FolderFiles extends Files {
  /** The path of a folder, or why it can not be had. */
  folder(path: string): string | Refusal;
}

/** The includes of a scenario: files of its own folder and below, or of `root` and below; symbolic links are followed first. */
export function filesBeside(scenarioFile: string, root: string | null): FolderFiles {
  const folder = path.dirname(scenarioFile);
  let left: number = LIMITS.MAX_TOTAL_BYTES;
  const inside = (name: string): string | Refusal => {
    if (name.includes('\0') || path.isAbsolute(name))
      return { message: `the path ${name} is not relative`, expected: 'a path below the scenario' };
    const file = path.join(folder, name);
    return outside(file, root ?? folder) ?? file;
  };
  return {
    folder: inside,
    read: (name) => {
      const file = inside(name);
      if (typeof file !== 'string') return file;
      const bytes = readBytes(file);
      if (!(bytes instanceof Uint8Array)) return bytes;
      left -= bytes.byteLength;
      if (left < 0) return { message: overLimit('the files of this scenario are too large together', 'MAX_TOTAL_BYTES'), expected: '' };
      const text = decode(file, bytes);
      return 'text' in text ? text : { message: `${file}:${text.line}:${text.col}: ${text.message}`, expected: text.expected };
    },
  };
}

function outside(file: string, root: string): Refusal | null {
  let real: string;
  let realRoot: string;
  try {
    real = realpathSync(file);
    realRoot = realpathSync(root);
  } catch (error) {
    return unreadable(`${file} `, error);
  }
  const relative = path.relative(realRoot, real);
  if (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)) return null;
  return {
    message: `${file} lies outside of ${root}`,
    expected: 'a file in the folder of the scenario or below; --root allows another folder',
  };
}

/** A scenario or manifest that the user named on the command line. */
export function readSource(file: string): SourceText | Problem {
  const bytes = readBytes(file, '');
  if (bytes instanceof Uint8Array) return decode(file, bytes);
  // Of what is there, something has a place.
  return existsSync(file) ? { file, line: 1, col: 1, ...bytes } : { file, line: 0, col: 0, ...bytes };
}

/**
 * Reads a regular file up to the limit. Opening never blocks, so that a pipe can not hold the program.
 * @param called how what is said about it begins
 */
function readBytes(file: string, called = `${file} `): Uint8Array | Refusal {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return unreadable(called, error);
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) return { message: `${called}is not a regular file`, expected: 'a file' };
    if (stat.size > LIMITS.MAX_FILE_BYTES) return { message: overLimit(`${called}has ${stat.size} bytes`, 'MAX_FILE_BYTES'), expected: '' };
    const bytes = new Uint8Array(stat.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(handle, bytes, length, bytes.length - length, null);
    return bytes.subarray(0, length);
  } catch (error) {
    return unreadable(called, error);
  } finally {
    closeSync(handle);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'the path is too long',
  ENOTDIR: 'a part of the path is not a folder',
};

function unreadable(called: string, error: unknown): Refusal {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return {
    message: `${called}can not be read: ${REASONS[code] ?? (code === '' ? 'unknown error' : code)}`,
    expected: 'the path of a file',
  };
}
