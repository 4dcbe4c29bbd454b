import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { printableJson } from '../report/printable.ts';
import { parseProbeLine } from '../scenario/probe-line.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { type Output, isReaderGone } from './terminal.ts';
import { type ReportFlags, outputOf } from './trace-report.ts';
import { type WalkFlags, sessionFor, walkProbe } from './walk.ts';
import type { OpenedWorld } from './world.ts';

/** The longest line of a probe file. */
export const MAX_LINE_CHARACTERS = 65_536;
const FLUSH_CHARACTERS = 65_536;

/** Walks one probe a line and writes one trace a line (several with `--all-branches`), in order; an error takes the place of a line that can not be walked. */
export async function traceProbes(opened: OpenedWorld, file: string, flags: WalkFlags & Pick<ReportFlags, 'output'>): Promise<Exit> {
  const output = outputOf(flags);
  try {
    return await walkLines(opened, file, flags, output);
  } finally {
    output.close();
  }
}

async function walkLines(opened: OpenedWorld, file: string, flags: WalkFlags, output: Output): Promise<Exit> {
  let session = sessionFor(opened, flags);
  let number = 0;
  let pending = '';
  let bad = false;
  let unknown = false;
  for await (const line of linesOf(file)) {
    number++;
    if (line?.trim() === '') continue;
    const parsed =
      line === null
        ? { id: null, message: `the line is longer than ${MAX_LINE_CHARACTERS} characters (MAX_LINE_CHARACTERS)` }
        : parseProbeLine(line, opened.world);
    if ('message' in parsed) {
      bad = true;
      pending += `${printableJson({ trace: 1, id: parsed.id, error: { line: number, message: parsed.message } })}\n`;
    } else {
      if (flags.fresh === true || flags.cold === true) session = sessionFor(opened, flags);
      for (const trace of walkProbe(opened, session, parsed.probe, flags)) {
        unknown ||= trace.outcome === 'unknown';
        pending += `${printableJson(trace)}\n`;
      }
    }
    if (pending.length < FLUSH_CHARACTERS) continue;
    output.write(pending);
    pending = '';
    await drained();
    // Probes that come on standard input may have no end.
    if (file === '-' && isReaderGone()) return EXIT.PIPE;
  }
  if (pending !== '') output.write(pending);
  if (number === 0) throw new UsageError('there is no probe');
  if (bad) return EXIT.BAD_INPUT;
  return unknown ? EXIT.UNKNOWN : EXIT.OK;
}

/** Waits until standard output takes more, or nobody reads it. */
async function drained(): Promise<void> {
  if (!process.stdout.writableNeedDrain || isReaderGone()) return;
  try {
    await once(process.stdout, 'drain');
  } catch (error) {
    if (!isReaderGone()) throw error;
  }
}

/** The lines of a file, or of standard input for `-`; `null` for one that is too long. */
export async function* linesOf(file: string): AsyncGenerator<string | null> {
  const stream = file === '-' ? process.stdin : createReadStream(file);
  stream.setEncoding('utf8');
  let rest = '';
  let skipping = false;
  let begun = false;
  try {
    for await (const chunk of stream) {
      const text = String(chunk);
      // Editors of Windows put a byte-order mark first.
      const parts = (rest + (begun ? text : text.replace(/^\ufeff/, ''))).split('\n');
      begun = true;
      rest = parts.pop() ?? '';
      for (const part of parts) {
        if (!skipping) yield part.length > MAX_LINE_CHARACTERS ? null : part;
        skipping = false;
      }
      if (rest.length > MAX_LINE_CHARACTERS) {
        if (!skipping) yield null;
        skipping = true;
        rest = '';
      }
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new UsageError(`${file} can not be read: ${String(error.code)}`);
    throw error;
  }
  if (rest !== '' && !skipping) yield rest;
}
