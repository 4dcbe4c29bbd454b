import type { Key } from '../keys/key.ts';
import { typedText } from '../keys/key.ts';
import { parseArgs } from '../twin/parse-args.ts';
import { type Context, saying } from './context.ts';
import { edited } from './edits.ts';
import { checkedPort, requested } from './packet.ts';
import { closed } from './modal.ts';
import type { Asking, FilteredList, Modal, State } from './state.ts';

type Ask = Extract<Modal, { kind: 'ask' }>;

const MAX_TEXT = 4096;

/** A key while a line of text is asked for. */
export function askKey(context: Context, modal: Ask, key: Key): State {
  const { state } = context;
  const characters = Array.from(modal.text);
  const { caret } = modal;
  const to = (text: readonly string[], at: number): State =>
    typedState(state, { ...modal, text: text.slice(0, MAX_TEXT).join(''), caret: at, selected: false, problem: null });
  switch (key) {
    case 'esc':
      return closed(modal.asking.for === 'filter' ? filtered(state, modal.asking.list, modal.before) : state);
    case 'enter':
      return answered(context, modal);
    case 'left':
      return to(characters, Math.max(0, caret - 1));
    case 'right':
      return to(characters, Math.min(characters.length, caret + 1));
    case 'home':
    case 'ctrl+a':
      return to(characters, 0);
    case 'end':
    case 'ctrl+e':
      return to(characters, characters.length);
    case 'backspace':
      if (modal.selected) return to([], 0);
      return caret === 0 ? state : to(characters.toSpliced(caret - 1, 1), caret - 1);
    case 'ctrl+d':
      if (modal.selected) return to([], 0);
      return to(characters.toSpliced(caret, 1), caret);
    case 'ctrl+u':
      return to(characters.slice(caret), 0);
    case 'ctrl+k':
      return to(characters.slice(0, caret), caret);
    case 'ctrl+w': {
      const start = Array.from(
        characters
          .slice(0, caret)
          .join('')
          .replace(/\S+\s*$/, ''),
      );
      return to([...start, ...characters.slice(caret)], start.length);
    }
    default: {
      const text = typedText(key);
      if (text === null) return state;
      const typed = Array.from(text);
      if (modal.selected) return to(typed, typed.length);
      if (characters.length >= MAX_TEXT) return state;
      return to(characters.toSpliced(caret, 0, ...typed), caret + typed.length);
    }
  }
}

/** A filter works while it is typed. */
function typedState(state: State, modal: Ask): State {
  const next: State = { ...state, modal };
  return modal.asking.for === 'filter' ? filtered(next, modal.asking.list, modal.text) : next;
}

/** A list narrowed by a text: its cursor begins anew. */
function filtered(state: State, list: FilteredList, text: string): State {
  if (state.filters[list] === text) return state;
  const next: State = { ...state, filters: { ...state.filters, [list]: text } };
  switch (list) {
    case 'walk':
      return { ...next, walk: { ...next.walk, cursor: 0, playing: false }, table: { cursor: null }, why: { offset: 0 } };
    case 'checks':
      return { ...next, checks: { cursor: 0 } };
    case 'matrix':
      return { ...next, matrix: { row: 0, column: 0 } };
    case 'tables':
      return { ...next, tables: { ...next.tables, cursor: 0 } };
  }
}

function answered(context: Context, modal: Ask): State {
  const { state, twin } = context;
  const { asking } = modal;
  const text = modal.text.trim();
  const refused = (problem: string): State => ({ ...state, modal: { ...modal, problem } });
  switch (asking.for) {
    case 'filter':
      return closed(state);
    case 'port': {
      const port = text === '' ? null : text;
      const problem = port === null ? null : checkedPort(port);
      return problem === null ? requested({ state: closed(state), twin }, { ...state.request, port }) : refused(problem);
    }
    case 'operation': {
      const parsed = parseArgs(text);
      if ('problem' in parsed) return refused(parsed.problem);
      return made(context, modal, { kind: 'operation', name: asking.name, args: parsed.args });
    }
    case 'advance':
      return made(context, modal, { kind: 'advance', duration: text });
    case 'save':
    case 'export':
      return text === '' ? refused('a file name is expected') : withFile(state, asking, text, modal.problem !== null);
  }
}

function made(context: Context, modal: Ask, edit: Parameters<typeof edited>[1]): State {
  const { state, twin } = context;
  const refusal = twin.refusal(state.edits.done, edit);
  return refusal === null ? edited({ state: closed(state), twin }, edit) : { ...state, modal: { ...modal, problem: refusal } };
}

/** Asked a second time for the same file, it is overwritten. */
function withFile(state: State, asking: Extract<Asking, { for: 'save' | 'export' }>, file: string, overwrite: boolean): State {
  const effect =
    asking.for === 'save'
      ? ({ kind: 'save', file, overwrite } as const)
      : ({ kind: 'export', format: asking.format, file, overwrite } as const);
  return { ...state, effects: [...state.effects, effect] };
}

/** What became of writing a file: the question is answered, or goes on with what is wrong. */
export function written(state: State, result: { readonly ok: boolean; readonly text: string }): State {
  if (result.ok || state.modal?.kind !== 'ask') return saying(closed(state), result.text, result.ok ? 'said' : 'refused');
  return { ...state, modal: { ...state.modal, problem: result.text } };
}
