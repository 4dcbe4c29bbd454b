import { type Verdict, isUnknown } from './agreement.ts';
import type { Judge, JudgeCase } from './judge.ts';
import { CannotBuild } from './plan/word.ts';

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
    const next = await judgeOrNull(judge, asked);
    if (next === null) return first;
    again = next;
    if (!again.every((verdict, index) => agrees(verdict) && !isLost(verdict, first[index]))) return first;
  }
  return again.map((verdict, index) => ({ ...verdict, once: first[index]?.differences ?? [] }));
}

/** Null where the network that was built once cannot be built again: what was found stays found. */
async function judgeOrNull(judge: Pick<Judge, 'judge'>, asked: JudgeCase): Promise<readonly Verdict[] | null> {
  try {
    return await judge.judge(asked);
  } catch (error) {
    if (error instanceof CannotBuild) return null;
    throw error;
  }
}

function agrees({ differences }: Verdict): boolean {
  return differences.length === 0;
}

/** Whether what differed is not compared any more. */
function isLost(verdict: Verdict, first: Verdict | undefined): boolean {
  return isUnknown(verdict) && first !== undefined && !isUnknown(first);
}
