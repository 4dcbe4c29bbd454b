import { type Command, type Context, walked } from './context.ts';
import { asked, closed, opened } from './modal.ts';
import type { ExportFormat, State } from './state.ts';

const EXTENSION: Readonly<Record<ExportFormat, string>> = { text: 'txt', markdown: 'md', json: 'json', pcapng: 'pcapng', svg: 'svg' };

function noWalk(context: Context): string | null {
  const found = walked(context);
  return found.kind === 'refused' ? `there is no walk: ${found.message}` : null;
}

/** Asks for the file, with a name that says what is in it. */
export function askExport({ state }: Context, format: ExportFormat): State {
  const { from, to } = state.request;
  const name = `${from}-to-${to}`.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replaceAll(/^[-.]+|-+$/g, '');
  return asked(closed(state), { for: 'export', format }, `${name.slice(0, MAX_NAME)}.${EXTENSION[format]}`);
}

const MAX_NAME = 80;

/** Where an edited scenario goes unless told otherwise: beside its source, so that it finds the same files. */
function savedName(file: string): string {
  return `${file.replace(/(?:-edited)?\.ya?ml$|\/+$/, '')}-edited.yaml`;
}

export const EXPORT: { readonly menu: Command; readonly copyText: Command; readonly copyJson: Command; readonly save: Command } = {
  menu: {
    help: 'write the walk to a file: text, Markdown, JSON, pcapng, SVG',
    short: 'export',
    blocked: noWalk,
    run: ({ state }) => opened(state, 'export'),
  },
  copyText: {
    help: 'copy the walk as text (OSC 52)',
    short: 'copy',
    blocked: noWalk,
    run: ({ state }) => ({ ...state, effects: [...state.effects, { kind: 'copy', format: 'text' }] }),
  },
  copyJson: {
    help: 'copy the walk as JSON (OSC 52)',
    blocked: noWalk,
    run: ({ state }) => ({ ...state, effects: [...state.effects, { kind: 'copy', format: 'json' }] }),
  },
  save: {
    help: 'save the edits as a scenario file',
    short: 'save',
    blocked: ({ state, twin }) => {
      if (twin.source.loaded?.plainManifest === true)
        return 'this file holds nothing but Kubernetes objects; write a scenario that includes it';
      return state.edits.done.length === 0 ? 'there is no edit to save; e makes one' : null;
    },
    run: ({ state, twin }) => asked(state, { for: 'save' }, savedName(twin.source.file)),
  },
};
