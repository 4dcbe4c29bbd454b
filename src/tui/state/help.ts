import type { Key } from '../keys/key.ts';
import type { Command } from './context.ts';
import { closed } from './modal.ts';
import type { Modal, State } from './state.ts';

export const openHelp: Command = {
  help: 'this help',
  short: 'help',
  run: ({ state }) => ({ ...state, modal: { kind: 'help', offset: 0 } }),
};

/** A key while the help is open. @param last how far it can be scrolled */
export function helpKey(state: State, modal: Extract<Modal, { kind: 'help' }>, key: Key, last: number): State {
  const to = (offset: number): State => ({ ...state, modal: { kind: 'help', offset: Math.max(0, Math.min(offset, last)) } });
  switch (key) {
    case 'j':
    case 'down':
      return to(modal.offset + 1);
    case 'k':
    case 'up':
      // The terminal may have become larger since.
      return to(Math.min(modal.offset, last) - 1);
    case 'pagedown':
    case 'space':
      return to(modal.offset + 10);
    case 'pageup':
      return to(modal.offset - 10);
    case 'g':
    case 'home':
      return to(0);
    case 'G':
    case 'end':
      return to(last);
    default:
      return closed(state);
  }
}
