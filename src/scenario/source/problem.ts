import type { ObjectProblem } from '../../kube/objects/located.ts';
import { LIMITS } from './limits.ts';

/**
 * Something wrong with a file that somebody wrote: where, what, and what was expected (empty where the message says all). Line 0: the file
 * as a whole, of which nothing could be read.
 */
export type Problem = ObjectProblem;

/** A message with what was expected behind it, if there is something to say. */
export function withExpected(message: string, expected: string): string {
  if (expected === '') return message;
  return message.endsWith('?') ? `${message} (expected ${expected})` : `${message}; expected ${expected}`;
}

/** `scenario.yaml:4:9: unknown field "nodse"; expected one of name, cluster …` */
export function problemLine(problem: Problem): string {
  const place = problem.line === 0 ? '' : `:${problem.line}:${problem.col}`;
  return `${problem.file}${place}: ${withExpected(problem.message, problem.expected)}`;
}

/** Input that can not be used: the user's error, exit status 2, never a stack trace. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.slice(0, LIMITS.MAX_PROBLEMS).map(problemLine).join('\n'));
    this.problems = problems;
  }
}

/** Orders problems by file (in the order of first appearance) and place, each message of a place once. */
export function sorted(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const unique = new Map(problems.map((problem) => [problemLine(problem), problem]));
  return [...unique.values()].sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.col - b.col);
}
