import { counted } from '../../wire/counted.ts';
import type { MatrixEntry } from '../schema/matrix.ts';
import type { Expectations } from './expectations.ts';

/** What the cells of every matrix mean. `-` asks nothing. */
const CELLS: ReadonlyMap<string, Expectations> = new Map([
  ['.', { expect: 'replied' }],
  ['X', { expect: ['dropped', 'delivered', 'exits', 'loop'] }],
  ['#', { expect: ['reset', 'icmp-error', 'send-error'] }],
  ['?', { expect: 'unknown' }],
]);

/** A cell that asks something. */
export interface Cell {
  readonly from: string;
  readonly to: string;
  readonly expectations: Expectations;
  /** The letter of `classes` that stands in it. */
  readonly letter: string | null;
  /** Where it stands in the text of the table, both from 0. */
  readonly line: number;
  readonly col: number;
  /** Where its sender and its target stand there. */
  readonly sender: TextPlace;
  readonly target: TextPlace;
}

interface TextPlace {
  readonly line: number;
  readonly col: number;
}

export interface TableProblem {
  readonly line: number;
  readonly col: number;
  readonly message: string;
  readonly expected: string;
}

interface Word extends TextPlace {
  readonly text: string;
}

/** The first word of a table, in the corner above the senders and before the targets. */
const CORNER = 'from';

/** Reads a truth table: `from` and the targets in the first line, then a sender and its cells in each. Empty lines are skipped. */
export function parseMatrix({ table, classes = {} }: MatrixEntry): { cells: Cell[]; problems: TableProblem[] } {
  const cells: Cell[] = [];
  const problems: TableProblem[] = [];
  let targets: readonly Word[] | null = null;
  for (const [line, text] of table.split('\n').entries()) {
    const words = wordsOf(text, line);
    const [first, ...rest] = words;
    if (first === undefined) continue;
    if (targets === null) {
      if (first.text !== CORNER)
        problems.push({ line, col: first.col, message: `the table begins with "${first.text}"`, expected: `"${CORNER}" and the targets` });
      targets = rest;
      continue;
    }
    if (rest.length !== targets.length) {
      problems.push({
        line,
        col: first.col,
        message: `${counted(rest.length, 'cell')} behind ${first.text}`,
        expected: `${targets.length}, one for each target`,
      });
      continue;
    }
    for (const [index, word] of rest.entries()) {
      if (word.text === '-') continue;
      const target = targets[index] ?? word;
      const general = CELLS.get(word.text);
      const expectations = general ?? (Object.hasOwn(classes, word.text) ? classes[word.text] : undefined);
      if (expectations === undefined) {
        problems.push({ line, col: word.col, message: `"${word.text}" means nothing here`, expected: '. X # ? - or a letter of classes' });
      } else {
        const letter = general === undefined ? word.text : null;
        cells.push({ from: first.text, to: target.text, expectations, letter, line, col: word.col, sender: first, target });
      }
    }
  }
  if (targets === null) problems.push({ line: 0, col: 0, message: 'the table is empty', expected: 'a line of targets' });
  return { cells, problems };
}

function wordsOf(text: string, line: number): Word[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], line, col: match.index }));
}
