import type { Problem } from './problem.ts';
import { LIMITS, overLimit } from './limits.ts';

/** A file that was read: its name as the user knows it, and its text without a byte-order mark. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/**
 * Bytes as text: UTF-8 (a byte-order mark is dropped), nothing else. Reports the first byte or character that is not text.
 */
export function decode(file: string, bytes: Uint8Array): SourceText | Problem {
  if (bytes.byteLength > LIMITS.MAX_FILE_BYTES) {
    return { file, line: 1, col: 1, message: overLimit(`the file has ${bytes.byteLength} bytes`, 'MAX_FILE_BYTES'), expected: '' };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const good = new TextDecoder('utf-8').decode(bytes).indexOf('\ufffd');
    return {
      ...placeAt(file, new TextDecoder('utf-8').decode(bytes), Math.max(good, 0)),
      message: 'this is not UTF-8 text',
      expected: 'a YAML file',
    };
  }
  return controlCharacter(file, text) ?? { file, text };
}

// YAML allows no control characters but tab and line ends; its parser also uses some of them as marks of its own.
const CONTROL = /[^\P{Cc}\t\n\r\u0085]/u;

function controlCharacter(file: string, text: string): Problem | null {
  const index = text.search(CONTROL);
  if (index < 0) return null;
  const code = (text.codePointAt(index) ?? 0).toString(16).padStart(4, '0').toUpperCase();
  return {
    ...placeAt(file, text, index),
    message: `control character U+${code}`,
    expected: 'text; write it as an escape in double quotes if it is meant',
  };
}

/** The 1-based place of a character offset. */
function placeAt(file: string, text: string, offset: number): { file: string; line: number; col: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { file, line, col: offset - start + 1 };
}
