const ZERO = 48;
const LOWER_A = 97;

/** The character code of the hexadecimal digit of a value from 0 to 15. */
export function hexDigit(value: number): number {
  return value < 10 ? ZERO + value : LOWER_A - 10 + value;
}
