import { closeSync, openSync, writeSync } from 'node:fs';
import picocolors from 'picocolors';
import { PLAIN, type Paint } from '../report/paint.ts';

/** Colours where a person looks at a terminal and has not said no. @source https://no-color.org */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const wanted = stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  return wanted ? picocolors.createColors(true) : PLAIN;
}

/** Takes a command's result. */
export interface Output {
  write(text: string): void;
  close(): void;
}

/** Standard output. A reader that has gone away (`| head`) ends the program without a word. */
export function standardOutput(): Output {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  return { write: (text) => void process.stdout.write(text), close: () => undefined };
}

/** A file that holds the result. @throws Error when it can not be written */
export function fileOutput(path: string): Output {
  const handle = openSync(path, 'w');
  return { write: (text) => void writeSync(handle, text), close: () => closeSync(handle) };
}
