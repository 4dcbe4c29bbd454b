import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { codesFor, hexDigit } from './flat-text.ts';

const LAST_ASCII = 127;
const LONGEST_KEPT = 256;
const kept: Uint8Array[] = [];

/** A buffer for a text of some length; one for every short length is kept and used again. */
function bufferOf(length: number): Uint8Array {
  return length > LONGEST_KEPT ? new Uint8Array(length) : (kept[length] ??= new Uint8Array(length));
}

/** The bytes of a text in UTF-8. Names are plain ASCII, for which a loop is many times faster than an encoder. */
function bytesOf(text: string): Uint8Array {
  const bytes = bufferOf(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > LAST_ASCII) return utf8ToBytes(text);
    bytes[i] = code;
  }
  return bytes;
}

interface HashState<T> {
  update(bytes: Uint8Array): T;
  digestInto(sum: Uint8Array): void;
  _cloneInto(to: T): T;
}

/** A hash of texts that sets one state back for each of them: names are made for every pod, and a state costs more than a short text's sum. */
function hashOf<T extends HashState<T>>(hash: { create(): T; readonly outputLen: number }): (text: string) => Uint8Array {
  const start = hash.create();
  const state = hash.create();
  const sum = new Uint8Array(hash.outputLen);
  return (text) => {
    start._cloneInto(state).update(bytesOf(text)).digestInto(sum);
    return sum;
  };
}

/** The SHA-1 sum of a text. The bytes stand until the next text is summed. */
export const sha1Of: (text: string) => Uint8Array = hashOf(sha1);

/** The SHA-256 sum of a text. The bytes stand until the next text is summed. */
export const sha256Of: (text: string) => Uint8Array = hashOf(sha256);

const DASH = 45;
/**
 * The first hexadecimal digits of some bytes behind a prefix, cut into groups of the given lengths with `-` between them. One flat text, for
 * names like this are kept.
 */
export function hexName(prefix: string, bytes: Uint8Array, ...groups: readonly number[]): string {
  const codes = codesFor(groups.reduce((sum, digits) => sum + digits, prefix.length + groups.length - 1));
  let at = 0;
  for (; at < prefix.length; at++) codes[at] = prefix.charCodeAt(at);
  let next = 0;
  for (let group = 0; group < groups.length; group++) {
    if (group > 0) codes[at++] = DASH;
    for (const end = next + (groups[group] ?? 0); next < end; next++) {
      const byte = bytes[next >>> 1] ?? 0;
      codes[at++] = hexDigit(next % 2 === 0 ? byte >>> 4 : byte & 15);
    }
  }
  return String.fromCharCode(...codes);
}
