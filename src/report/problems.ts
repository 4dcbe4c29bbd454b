import { LIMITS } from '../scenario/source/limits.ts';
import { type Problem, problemLine } from '../scenario/source/problem.ts';
import { printable } from './printable.ts';

/** Problems with files, one on a line; past MAX_PROBLEMS they are only counted. Ends with a newline. */
export function problemLines(problems: readonly Problem[]): string {
  const lines = problems.slice(0, LIMITS.MAX_PROBLEMS).map((problem) => printable(problemLine(problem)));
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`… and ${more} more`);
  return `${lines.join('\n')}\n`;
}
