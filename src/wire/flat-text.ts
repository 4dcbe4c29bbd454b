const ZERO = 48;
const LOWER_A = 97;

/** The character code of the hexadecimal digit of a value from 0 to 15. */
export function hexDigit(value: number): number {
  return value < 10 ? ZERO + value : LOWER_A - 10 + value;
}

const kept: number[][] = [];

/**
 * A list for as many character codes, to be filled and made a text by `String.fromCharCode` at once: the same list is given for the same
 * length again. A text made so is flat, where V8 keeps one that was joined as a tree of its pieces; names are made and kept by the hundred
 * thousand.
 */
export function codesFor(length: number): number[] {
  return (kept[length] ??= Array.from({ length }, () => 0));
}
