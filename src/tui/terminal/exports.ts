import { writeFileSync } from 'node:fs';
import type { Context } from '../state/context.ts';
import { walked } from '../state/context.ts';
import type { ExportFormat, State } from '../state/state.ts';
import { savedScenario } from '../twin/save.ts';

/** What became of an effect, in the words of the status line. */
export interface Result {
  readonly ok: boolean;
  readonly text: string;
  /** The edits that are in a file now. */
  readonly saved?: State['saved'];
}

/** The walk on the screen in one of the formats; null where there is no walk. */
export async function walkAs(context: Context, format: ExportFormat): Promise<string | Uint8Array | null> {
  const found = walked(context);
  if (found.kind === 'refused') return null;
  const { trace } = found;
  const { state, twin } = context;
  const places = twin.placeNames(state.edits.done);
  switch (format) {
    case 'text': {
      const { traceText } = await import('../../report/trace/text.ts');
      return traceText(trace, { detail: state.walk.detail, places });
    }
    case 'markdown': {
      const { traceMarkdown } = await import('../../report/trace/markdown.ts');
      return traceMarkdown(trace, state.walk.detail, { places });
    }
    case 'json': {
      const { traceJson } = await import('../../report/trace/json.ts');
      return traceJson(trace);
    }
    case 'pcapng': {
      const { tracePcapng } = await import('../../report/trace/pcapng.ts');
      return tracePcapng([trace], places);
    }
    case 'svg': {
      const { traceSvg } = await import('../../report/trace/svg.ts');
      return traceSvg(trace, twin.at(state.edits.done).world);
    }
  }
}

/** Writes the walk to a file. */
export async function exportWalk(context: Context, format: ExportFormat, file: string, overwrite: boolean): Promise<Result> {
  const content = await walkAs(context, format);
  return content === null ? { ok: false, text: 'there is no walk to write' } : writeTo(file, content, overwrite);
}

/** Writes the edited scenario to a file. */
export function saveEdits({ state, twin }: Context, file: string, overwrite: boolean): Result {
  if (!/\.ya?ml$/.test(file)) return { ok: false, text: 'a scenario file ends in .yaml' };
  const found = walked({ state, twin });
  const text = savedScenario(file, twin.source, state.edits.done, state.request, found.kind === 'trace' ? found.trace : null);
  const result = writeTo(file, text, overwrite);
  return result.ok ? { ok: true, text: `${result.text}; npx podwalk run ${file} checks it`, saved: state.edits.done } : result;
}

function writeTo(file: string, content: string | Uint8Array, overwrite: boolean): Result {
  try {
    writeFileSync(file, content, { flag: overwrite ? 'w' : 'wx' });
    return { ok: true, text: `written: ${file}` };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'EEXIST') return { ok: false, text: `${file} exists; enter again overwrites it` };
    return { ok: false, text: `${file} can not be written: ${String(error.code)}` };
  }
}
