import { SyntaxFault } from './syntax.ts';

/** Something in a text that cannot be read, with its place. */
export interface TextFault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly col: number;
  readonly message: string;
  readonly expected: string;
}

const MAX_FAULTS = 20;
/** Characters of one text. */
const MAX_CHARS = 256 * 1024 * 1024;
/** The tools themselves take 10,240 characters of a line and 255 words. @source iptables/iptables-restore.c, xshared.h MAX_ARGC */
const MAX_LINE_CHARS = 65_536;
const MAX_LINES = 4_000_000;
/** Characters of a message; it may quote what it is about. */
const MAX_MESSAGE_CHARS = 300;

/**
 * Reads a text line by line.
 * @param read takes a line without its end and its number; a SyntaxFault of it becomes a fault of the text
 * @returns the faults, at most 20
 */
export function readLines(text: string, file: string, read: (line: string, number: number) => void): TextFault[] {
  const faults: TextFault[] = [];
  const attempt = (number: number, action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      faults.push({ file, line: number, col: Math.max(1, error.col), message: shortened(error.message), expected: error.expected });
    }
  };
  const refuse = (number: number, message: string, expected: string): TextFault[] => {
    faults.push({ file, line: number, col: 1, message, expected });
    return faults;
  };
  if (text.length > MAX_CHARS) return refuse(1, 'the text is too long', `at most ${MAX_CHARS} characters (MAX_CHARS)`);
  let number = 0;
  for (let start = 0; start < text.length && faults.length < MAX_FAULTS;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (++number > MAX_LINES) return refuse(number, 'the text has too many lines', `at most ${MAX_LINES} (MAX_LINES)`);
    const from = start;
    if (end - from > MAX_LINE_CHARS) refuse(number, `this line has ${end - from} characters`, `at most ${MAX_LINE_CHARS} (MAX_LINE_CHARS)`);
    else attempt(number, () => read(text.slice(from, end), number));
    start = end + 1;
  }
  return faults;
}

function shortened(message: string): string {
  return message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS)}…` : message;
}
