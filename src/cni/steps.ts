import type { OpError, OpResult } from '../linux/ops/result.ts';

/** One thing that a plug-in asks of the kernel. */
export type Step = () => OpResult;

/** Does things in order up to the first that the kernel refuses. @returns what the kernel said, or null when all is done */
export function firstRefusal(steps: readonly Step[]): OpError | null {
  for (const step of steps) {
    const result = step();
    if (result !== 'ok') return result;
  }
  return null;
}
