import type { Asking, Choosing, State } from './state.ts';

/** Opens a list to choose from by typing. */
export function opened(state: State, of: Choosing): State {
  return { ...state, modal: { kind: 'choose', of, query: '', cursor: 0 } };
}

/** Asks for a line of text. @param text what stands there at first: selected where it is mostly replaced, not where it is completed */
export function asked(state: State, asking: Asking, text: string): State {
  const selected = text !== '' && asking.for !== 'operation';
  return { ...state, modal: { kind: 'ask', asking, text, caret: Array.from(text).length, selected, problem: null, before: text } };
}

export function closed(state: State): State {
  return state.modal === null ? state : { ...state, modal: null };
}
