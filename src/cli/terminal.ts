import { closeSync, openSync, writeFileSync } from 'node:fs';
import picocolors from 'picocolors';
import { PLAIN, type Paint } from '../report/paint.ts';
import { EXIT, UsageError } from './exit.ts';

/** Colours where a person looks at a terminal and has not said no. @source https://no-color.org */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const wanted = stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  return wanted ? picocolors.createColors(true) : PLAIN;
}

/** Takes a command's result. */
export interface Output {
  write(part: string | Uint8Array): void;
  close(): void;
}

let gone = false;

/** Whether nobody reads standard output any more. */
export function isReaderGone(): boolean {
  return gone;
}

/** Standard output. */
export function standardOutput(): Output {
  return { write: (part) => void (gone || process.stdout.write(part)), close: () => undefined };
}

/** A file that holds the result. @throws UsageError when it can not be written */
export function fileOutput(path: string): Output {
  const handle = attempt(path, () => openSync(path, 'w'));
  return {
    write: (part) => attempt(path, () => writeFileSync(handle, part)),
    close: () => attempt(path, () => closeSync(handle)),
  };
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new UsageError(`${path} can not be written: ${String(error.code)}`);
    throw error;
  }
}

/**
 * A stream breaks after the write that did it. A full disk ends the program with one line. When a reader goes away (`| head`) is a matter of
 * chance, and so that the exit status is not, the command goes on to its end in silence.
 */
export function endWithOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      gone = true;
      return;
    }
    process.stderr.write(`podwalk: standard output can not be written: ${error.code ?? error.message}\n`);
    process.exit(EXIT.BAD_INPUT);
  });
  // There is nobody left to tell.
  process.stderr.on('error', () => undefined);
}
