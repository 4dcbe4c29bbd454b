import type { Trace } from '../trace/trace.ts';
import type { Detail } from '../report/trace/detail.ts';
import { UsageError } from './exit.ts';
import { type Output, fileOutput, paintFor, standardOutput } from './terminal.ts';
import type { OpenedWorld } from './world.ts';

/** The forms of a trace. Each is loaded only when it is asked for. */
export const FORMATS = ['text', 'json', 'markdown', 'pcapng', 'svg'] as const;
export type Format = (typeof FORMATS)[number];

/** What the flags of `trace` say about its output. */
export interface ReportFlags {
  readonly format: Format;
  readonly detail: Detail;
  readonly output?: string;
}

/** Refuses before anything is walked what could not be written afterwards. @throws UsageError */
export function checkReport({ format, output }: ReportFlags, isSeveral: boolean): void {
  if (format === 'pcapng' && output === undefined && process.stdout.isTTY)
    throw new UsageError('pcapng is binary and standard output is a terminal: name a file with --output, or redirect it');
  if (format === 'svg' && isSeveral) throw new UsageError('--format svg draws one walk: leave --all-branches out');
}

/** The file that `--output` names, else standard output. */
export function outputOf({ output }: Pick<ReportFlags, 'output'>): Output {
  return output === undefined ? standardOutput() : fileOutput(output);
}

/** Writes traces in the form that was asked for. */
export async function writeTraces(traces: readonly Trace[], flags: ReportFlags, { world }: OpenedWorld): Promise<void> {
  const written = await render(traces, flags, world);
  const output = outputOf(flags);
  try {
    for (const part of written) output.write(part);
  } finally {
    output.close();
  }
}

async function render(
  traces: readonly Trace[],
  { format, detail, output }: ReportFlags,
  world: OpenedWorld['world'],
): Promise<readonly (string | Uint8Array)[]> {
  switch (format) {
    case 'json': {
      const { traceJson } = await import('../report/trace/json.ts');
      return traces.map((trace) => traceJson(trace));
    }
    case 'markdown': {
      const { traceMarkdown } = await import('../report/trace/markdown.ts');
      return apart(traces.map((trace) => traceMarkdown(trace, detail, { world })));
    }
    case 'text': {
      const { traceText } = await import('../report/trace/text.ts');
      const paint = paintFor(output === undefined ? process.stdout : {});
      return apart(traces.map((trace) => traceText(trace, { detail, paint, world })));
    }
    case 'pcapng': {
      const { tracePcapng } = await import('../report/trace/pcapng.ts');
      const { placeNames } = await import('../scenario/places.ts');
      return [tracePcapng(traces, placeNames(world))];
    }
    case 'svg': {
      const { traceSvg } = await import('../report/trace/svg.ts');
      return traces.map((trace) => traceSvg(trace, world));
    }
  }
}

/** An empty line between two. */
function apart(texts: readonly string[]): string[] {
  return texts.map((text, index) => (index === 0 ? text : `\n${text}`));
}
