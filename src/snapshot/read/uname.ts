import type { Line } from './source.ts';

/** The kernel release of `uname -a`: its third word, or the only word of `uname -r`. */
export function readRelease(lines: readonly Line[]): string | null {
  const [line] = lines;
  if (line === undefined) return null;
  const words = line.words();
  const release = words.length === 1 ? words[0] : words[2];
  if (release !== undefined && /^\d[\w.+~-]{0,127}$/.test(release)) return release;
  line.fail('this line names no kernel release', 'the output of uname -a');
  return null;
}
