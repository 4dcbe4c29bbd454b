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
