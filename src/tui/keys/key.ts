/** A key as the keymap names it: a character, or one of these names, perhaps with `ctrl+` or `shift+` before; pasted text as it is. */
export type Key = string;

const NAMED: ReadonlySet<string> = new Set([
  'up',
  'down',
  'left',
  'right',
  'pageup',
  'pagedown',
  'home',
  'end',
  'enter',
  'esc',
  'tab',
  'backspace',
  'delete',
  'space',
]);

/** What a key types into a line of text; null for one that types nothing. */
export function typedText(key: Key): string | null {
  if (key === 'space') return ' ';
  if (NAMED.has(key) || /^(?:ctrl|shift|alt)\+./.test(key)) return null;
  return key;
}

/** What ink tells of a key. */
export interface InkKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageDown: boolean;
  readonly pageUp: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
  readonly shift: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly meta: boolean;
}

/** The keys in one piece of input. Terminals deliver fast typing in one piece; a bracketed paste is not asked for, so letters are keys. */
export function keysOf(input: string, key: InkKey): readonly Key[] {
  if (key.upArrow) return ['up'];
  if (key.downArrow) return ['down'];
  if (key.leftArrow) return ['left'];
  if (key.rightArrow) return ['right'];
  if (key.pageUp) return ['pageup'];
  if (key.pageDown) return ['pagedown'];
  if (key.home) return ['home'];
  if (key.end) return ['end'];
  if (key.return) return ['enter'];
  if (key.tab) return [key.shift ? 'shift+tab' : 'tab'];
  // What most terminals send for backspace, ink calls delete.
  if (key.backspace || key.delete) return ['backspace'];
  if (key.escape) return ['esc'];
  if (key.ctrl) return input.length === 1 ? [`ctrl+${input}`] : [];
  const typed = Array.from(input).flatMap(characterKey);
  // Escape and a key right behind it arrive as the key with alt, which means nothing here.
  return key.meta ? ['esc', ...typed] : typed;
}

function characterKey(character: string): Key[] {
  switch (character) {
    case ' ':
      return ['space'];
    case '\r':
    case '\n':
      return ['enter'];
    case '\t':
      return ['tab'];
    case '\u007f':
    case '\b':
      return ['backspace'];
    case '\u001b':
      return ['esc'];
    default:
      return character < ' ' ? [controlKey(character)] : [character];
  }
}

function controlKey(character: string): Key {
  return `ctrl+${String.fromCodePoint((character.codePointAt(0) ?? 0) + 96)}`;
}

const SHOWN: ReadonlyMap<Key, string> = new Map([
  ['up', '↑'],
  ['down', '↓'],
  ['left', '←'],
  ['right', '→'],
  ['pageup', 'pgup'],
  ['pagedown', 'pgdn'],
]);

/** A key as the help shows it. */
export function keyName(key: Key): string {
  return SHOWN.get(key) ?? key.replace(/^ctrl\+/, '^');
}
