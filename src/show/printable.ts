/**
 * Characters that could drive a terminal or hide text: C0 and C1 controls, DEL, zero-width, line and paragraph separators,
 * bidirectional overrides, the byte-order mark, halves of surrogate pairs, non-characters.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]/u;
const EACH = new RegExp(UNPRINTABLE.source, 'gu');

/** Makes foreign text safe to print on one line: what could drive the terminal becomes `\u{1b}`. */
export function printable(text: string): string {
  return UNPRINTABLE.test(text) ? text.replaceAll(EACH, (character) => `\\u{${codeOf(character)}}`) : text;
}

/** JSON on one line, with the characters escaped that JSON itself allows and a terminal would obey. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return text.replaceAll(EACH, (character) => (character === '\n' ? character : `\\u${codeOf(character).padStart(4, '0')}`));
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}
