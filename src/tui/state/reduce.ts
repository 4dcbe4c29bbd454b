import type { Key } from '../keys/key.ts';
import { bindingFor, paletteOf, perform } from '../keys/keymap.ts';
import { lastHelpOffset } from '../panel/help.ts';
import { askKey, written } from './ask.ts';
import { chooseKey } from './choose.ts';
import { type Context, saying } from './context.ts';
import { helpKey } from './help.ts';
import { closed } from './modal.ts';
import { quit, quitKeeping } from './panes.ts';
import type { State } from './state.ts';
import { played } from './timeline.ts';
import type { Twin } from '../twin/twin.ts';

/** What happens to the tracer. */
export type Event =
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  /** Time for the next step while the walk is played. */
  | { readonly kind: 'tick' }
  /** What became of an effect. */
  | {
      readonly kind: 'done';
      readonly ok: boolean;
      readonly text: string;
      /** The edits that are in a file now. */ readonly saved?: State['saved'];
    };

/** The state after an event. It never fails: a key that can do nothing says why. */
export function reduce(before: State, event: Event, twin: Twin): State {
  const state: State = before.effects.length === 0 ? before : { ...before, effects: [] };
  switch (event.kind) {
    case 'key':
      return keyed({ state: state.status === null ? state : { ...state, status: null }, twin }, event.key);
    case 'resize':
      return { ...state, size: { columns: event.columns, rows: event.rows } };
    case 'tick':
      return played({ state, twin });
    case 'done':
      return written(event.saved === undefined ? state : { ...state, saved: event.saved }, event);
  }
}

function keyed(context: Context, key: Key): State {
  const { state } = context;
  const { modal } = state;
  // These work whatever is open.
  if (key === 'ctrl+c' || key === 'ctrl+z' || key === 'ctrl+l') {
    const binding = bindingFor(state, key);
    if (binding !== null) return perform(context, binding.command);
  }
  switch (modal?.kind) {
    case 'help':
      return helpKey(state, modal, key, lastHelpOffset(context));
    case 'choose':
      return chooseKey(context, modal, key, paletteOf);
    case 'ask':
      return askKey(context, modal, key);
    case 'leave':
      return leaveKey(context, key);
    case undefined:
      return paneKey(context, key);
  }
}

/** A key after the question whether to leave: what leaves leaves, escape stays, any other goes on as if nothing was asked. */
function leaveKey({ state, twin }: Context, key: Key): State {
  if (key === 'esc') return closed(state);
  const command = bindingFor(state, key)?.command;
  const leaves = command === quit || command === quitKeeping;
  return paneKey({ state: leaves ? state : closed(state), twin }, key);
}

function paneKey(context: Context, key: Key): State {
  const binding = bindingFor(context.state, key);
  return binding === null
    ? saying(context.state, `${key} means nothing here; ? shows every key`, 'refused')
    : perform(context, binding.command);
}
