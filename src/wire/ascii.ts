import { utf8ToBytes } from '@noble/hashes/utils.js';

const LAST_ASCII = 127;

/** The bytes of a text in UTF-8. Names are plain ASCII, for which a loop is many times faster than an encoder. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > LAST_ASCII) return utf8ToBytes(text);
    bytes[i] = code;
  }
  return bytes;
}

const ZERO = 48;
const LOWER_A = 97;

/** The code of the hexadecimal digit of a value from 0 to 15. */
function digit(value: number): number {
  return value < 10 ? ZERO + value : LOWER_A - 10 + value;
}

/** A prefix and the first hexadecimal digits of some bytes, as one flat text: names like this are made for every pod, and kept. */
export function hexName(prefix: string, bytes: Uint8Array, digits: number): string {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  for (let i = 0; i < digits; i++) {
    const byte = bytes[i >>> 1] ?? 0;
    codes.push(digit(i % 2 === 0 ? byte >>> 4 : byte & 15));
  }
  return String.fromCharCode(...codes);
}
