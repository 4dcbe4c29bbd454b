import { lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Why a snapshot was not written. */
export class DirectoryRefused extends Error {
  override readonly name = 'DirectoryRefused';
}

/** A part of a path inside a snapshot directory: neither hidden nor a way out. */
const PART = /^[A-Za-z0-9][\w.-]{0,254}$/;
/** What a snapshot directory has besides the folders of machines. */
const COMMON = ['snapshot.json', 'podwalk.json', 'kube', 'azure'];

/**
 * Writes files into a folder, which is made where it does not exist.
 * @param force also into a folder that is not empty: an older snapshot there is taken away first, other files stay
 * @throws DirectoryRefused when the folder is not to be used, or a name is none of a snapshot's
 */
export function writeDirectory(folder: string, files: ReadonlyMap<string, string>, force: boolean): void {
  for (const file of files.keys()) {
    if (!file.split('/').every((part) => PART.test(part)))
      throw new DirectoryRefused(`${JSON.stringify(file)} can be no file of a snapshot`);
  }
  const there = entriesOf(folder);
  if (there.length > 0) {
    if (!force) throw new DirectoryRefused(`${folder} is not empty; another folder is expected, or --force`);
    removeSnapshot(folder);
  }
  const made = new Set<string>();
  for (const [file, text] of files) {
    const target = path.join(folder, file);
    makeFolder(folder, path.dirname(file), made);
    if (kindOf(target) === 'other') throw new DirectoryRefused(`${target} is no ordinary file`);
    attempt(target, () => writeFileSync(target, text));
  }
}

function entriesOf(folder: string): string[] {
  const kind = kindOf(folder);
  if (kind === 'absent') return [];
  return attempt(folder, () => readdirSync(folder));
}

/** Takes away the parts of a snapshot, and nothing else. */
function removeSnapshot(folder: string): void {
  for (const name of [...machinesOf(path.join(folder, 'snapshot.json')), ...COMMON]) {
    attempt(folder, () => rmSync(path.join(folder, name), { recursive: true, force: true }));
  }
}

/** The machines that an older snapshot names. */
function machinesOf(manifest: string): string[] {
  let text: string;
  try {
    text = readFileSync(manifest, 'utf8');
  } catch {
    return [];
  }
  try {
    const value: unknown = JSON.parse(text);
    const machines = typeof value === 'object' && value !== null && 'machines' in value ? value.machines : null;
    return typeof machines === 'object' && machines !== null ? Object.keys(machines).filter((name) => PART.test(name)) : [];
  } catch {
    return [];
  }
}

/** Makes a folder and those above it; a symbolic link among them could lead out. */
function makeFolder(root: string, relative: string, made: Set<string>): void {
  if (made.has(relative)) return;
  if (relative !== '.') makeFolder(root, path.dirname(relative), made);
  const folder = path.join(root, relative);
  if (relative !== '.' && kindOf(folder) === 'other') throw new DirectoryRefused(`${folder} is no folder`);
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  made.add(relative);
}

function kindOf(name: string): 'absent' | 'plain' | 'other' {
  const stat = lstatSync(name, { throwIfNoEntry: false });
  if (stat === undefined) return 'absent';
  return stat.isDirectory() || stat.isFile() ? 'plain' : 'other';
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new DirectoryRefused(`${name} can not be written: ${String(error.code)}`);
    throw error;
  }
}
