import { SyntaxFault } from './syntax.ts';

/** One word of a line of iptables-restore input. */
export interface Word {
  readonly text: string;
  /** From 1. */
  readonly col: number;
  /** Stood in quotes, so it is never an option. */
  readonly quoted: boolean;
}

/** iptables itself takes 255. @source iptables/xshared.h MAX_ARGC */
const MAX_WORDS = 1024;
const BLANK = 32;
const TAB = 9;
const RETURN = 13;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Splits a line into words at blanks; quotes hold words together and a backslash inside them takes the next character as it is.
 * @throws SyntaxFault when a quote is never closed, or there are too many words
 * @source iptables/xshared.c add_param_to_argv
 */
export function splitWords(line: string, from = 0): Word[] {
  const words: Word[] = [];
  let i = from;
  while (i < line.length) {
    const code = line.charCodeAt(i);
    if (code === BLANK || code === TAB || code === RETURN) {
      i++;
      continue;
    }
    const start = i;
    if (words.length >= MAX_WORDS) throw new SyntaxFault(start + 1, 'the line has too many words', `at most ${MAX_WORDS} (MAX_WORDS)`);
    if (code === QUOTE) {
      const close = closingQuote(line, start);
      const inside = line.slice(start + 1, close);
      words.push({ text: inside.includes('\\') ? unescape(inside) : inside, col: start + 1, quoted: true });
      i = close + 1;
      continue;
    }
    while (i < line.length && !isBoundary(line.charCodeAt(i))) i++;
    words.push({ text: line.slice(start, i), col: start + 1, quoted: false });
  }
  return words;
}

function isBoundary(code: number): boolean {
  return code === BLANK || code === TAB || code === RETURN || code === QUOTE;
}

function closingQuote(line: string, open: number): number {
  for (let i = open + 1; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  throw new SyntaxFault(open + 1, 'a quote is opened here and never closed', 'a closing "');
}

function unescape(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, '$1');
}
