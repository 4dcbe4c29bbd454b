import { type Verdict, isUnknown } from './agreement.ts';
import type { Judge, JudgeCase } from './judge.ts';

/** How often the kernel is asked again before an answer of its that nothing repeats counts as chance. */
const TIMES = 2;

/**
 * The verdicts on a case, where any differs on the network built anew. The kernel need not do the same twice: which of two processors is
 * first, and when a busy machine lets a packet take its turn, are not of the network. What differs once and then agrees every time is told
 * as `once`; all else stays a difference.
 * @throws CannotBuild when the kernel cannot be made to look like the World
 */
export async function judgeAgain(judge: Pick<Judge, 'judge'>, asked: JudgeCase): Promise<readonly Verdict[]> {
  const first = await judge.judge(asked);
  if (first.every(agrees)) return first;
  let again = first;
  for (let time = 0; time < TIMES; time++) {
    again = await judge.judge(asked);
    if (!again.every((verdict, index) => agrees(verdict) && !isLost(verdict, first[index]))) return first;
  }
  return again.map((verdict, index) => ({ ...verdict, once: first[index]?.differences ?? [] }));
}

function agrees({ differences }: Verdict): boolean {
  return differences.length === 0;
}

/** Whether what differed is not compared any more. */
function isLost(verdict: Verdict, first: Verdict | undefined): boolean {
  return isUnknown(verdict) && first !== undefined && !isUnknown(first);
}
