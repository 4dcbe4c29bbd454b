/**
 * Characters that could drive a terminal or hide text: controls, format characters (zero-width, bidirectional, tags), line and paragraph
 * separators, halves of surrogate pairs, non-characters, and whatever else Unicode asks a reader not to show, such as Hangul fillers. The
 * two that choose between the pictures of one sign are left as they are.
 * @source Unicode 15 DerivedCoreProperties.txt Default_Ignorable_Code_Point
 */
const UNPRINTABLE = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u;
const EACH = new RegExp(UNPRINTABLE.source, 'gu');

/** Makes foreign text safe to print on one line: what could drive the terminal becomes `\u{1b}`. */
export function printable(text: string): string {
  return UNPRINTABLE.test(text) ? text.replaceAll(EACH, (character) => `\\u{${codeOf(character)}}`) : text;
}

/** JSON on one line, with the characters escaped that JSON itself allows and a terminal would obey. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return text.replaceAll(EACH, (character) => (character === '\n' ? character : jsonEscape(character)));
}

/** JSON counts in units of UTF-16. */
function jsonEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}
