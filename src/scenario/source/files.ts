import type { Problem } from './problem.ts';
import type { SourceText } from './text.ts';

/** Where includes come from. The loader of a command reads them from disk; a browser may hold them in memory. */
export interface Files {
  /** The text of a path relative to the scenario's folder, or why it can not be had (with the place still to be filled in). */
  read(path: string): SourceText | Omit<Problem, 'file' | 'line' | 'col'>;
}

/** No includes at all. */
export const NO_FILES: Files = {
  read: () => ({ message: 'this scenario can not include files', expected: 'objects or text in the scenario itself' }),
};

/** Files that are held in memory, by their path. */
export function filesFrom(texts: ReadonlyMap<string, string>): Files {
  return {
    read: (path) => {
      const text = texts.get(path);
      return text === undefined ? { message: `there is no file ${path}`, expected: 'the path of a file' } : { file: path, text };
    },
  };
}
