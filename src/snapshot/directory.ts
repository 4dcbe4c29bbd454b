/** What a snapshot directory holds under a path. Sizes are bounded before anything is read. */
export type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  /** There, but not to be read: too large, a link out of the directory, no ordinary file. */
  | { readonly kind: 'refused'; readonly message: string; readonly expected: string };

/** The largest single file of a snapshot. */
export const MAX_FILE_BYTES: number = 64 * 2 ** 20;

/** A folder of dumps, wherever it lies. Paths are relative, with `/` between parts, and never contain `..`. */
export interface SnapshotDirectory {
  /** How messages name it. */
  readonly name: string;
  /** The names in a folder in code-unit order; none when there is no such folder. */
  list(folder: string): readonly string[];
  read(path: string): FileContent;
}

/** A snapshot held in memory, by path. */
export function memoryDirectory(name: string, files: ReadonlyMap<string, string>): SnapshotDirectory {
  const folders = new Map<string, Set<string>>();
  for (const path of files.keys()) {
    const parts = path.split('/');
    for (let depth = 0; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      const names = folders.get(folder) ?? new Set();
      folders.set(folder, names.add(parts[depth] ?? ''));
    }
  }
  return {
    name,
    list: (folder) => [...(folders.get(folder) ?? [])].sort(),
    read(path) {
      const text = files.get(path);
      if (text === undefined) return { kind: 'absent' };
      if (text.length > MAX_FILE_BYTES) return tooLarge(text.length);
      return { kind: 'text', text };
    },
  };
}

export function tooLarge(sizeBytes: number): FileContent {
  return { kind: 'refused', message: `the file has ${sizeBytes} bytes`, expected: `at most ${MAX_FILE_BYTES} (MAX_FILE_BYTES)` };
}
