import type { Line, Tone } from './span.ts';

/** How a terminal shows tones. Only the sixteen colours that a user's own palette defines, so that light backgrounds stay readable. */
export interface Theme {
  readonly tones: Readonly<Record<Tone, readonly [string, string]>>;
  readonly ascii: boolean;
}

const NONE = ['', ''] as const;
const sgr = (open: string, close: string): readonly [string, string] => [`\u001b[${open}m`, `\u001b[${close}m`];

const COLOUR: Theme['tones'] = {
  plain: NONE,
  dim: sgr('2', '22'),
  strong: sgr('1', '22'),
  good: sgr('32', '39'),
  bad: sgr('31', '39'),
  warn: sgr('33', '39'),
  accent: sgr('36', '39'),
  changed: sgr('1;4', '22;24'),
};

/** Without colours: weight and underline still are. @source https://no-color.org */
const MONO: Theme['tones'] = {
  plain: NONE,
  dim: NONE,
  strong: sgr('1', '22'),
  good: NONE,
  bad: sgr('1', '22'),
  warn: NONE,
  accent: NONE,
  changed: sgr('1;4', '22;24'),
};

const INVERSE = sgr('7', '27');

/** The theme for a terminal. */
export function themeFor({ colour, ascii }: { readonly colour: boolean; readonly ascii: boolean }): Theme {
  return { tones: colour ? COLOUR : MONO, ascii };
}

/** No style at all, for the text of a screen. */
export const BARE: Theme = {
  tones: { plain: NONE, dim: NONE, strong: NONE, good: NONE, bad: NONE, warn: NONE, accent: NONE, changed: NONE },
  ascii: false,
};

/** A line with the escape codes that show it. */
export function paint({ spans }: Line, theme: Theme): string {
  let text = '';
  for (const [index, span] of spans.entries()) {
    const [open, close] = theme.tones[span.tone];
    const shown = open + (theme.ascii ? asciiOf(span.text) : span.text) + close;
    const inverse = span.inverse === true && theme !== BARE;
    const before = inverse && spans[index - 1]?.inverse !== true ? INVERSE[0] : '';
    const after = inverse && spans[index + 1]?.inverse !== true ? INVERSE[1] : '';
    text += before + shown + after;
  }
  return text;
}

const ASCII = /^[\x20-\x7e]*$/;
const STAND_INS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '─': '-',
    '━': '=',
    '═': '=',
    '│': '|',
    '┃': '|',
    '║': '|',
    '→': '>',
    '←': '<',
    '↑': '^',
    '↓': 'v',
    // The cursor is no arrow, and no step that is done.
    '▸': '*',
    '●': '#',
    '○': 'o',
    '✔': '+',
    '✘': 'x',
    '…': '~',
    '—': '-',
    '·': '.',
    '×': 'x',
    '▶': '>',
    '█': '#',
    '▲': '^',
    '▼': 'v',
    '⇄': '=',
    '≠': '!',
    '≤': '<',
    '≥': '>',
  }),
);
const BOX = /[\u2500-\u257f]/;

/** The nearest ASCII, column for column, for terminals and fonts that have nothing else. */
function asciiOf(text: string): string {
  if (ASCII.test(text)) return text;
  let out = '';
  for (const character of text) out += STAND_INS.get(character) ?? (character < '\u007f' ? character : BOX.test(character) ? '+' : '?');
  return out;
}
