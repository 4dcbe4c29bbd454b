import type { Forget } from '../forget.ts';

/** What came of an edit of a running cluster, beyond the World: flow state to forget, and what Kubernetes would complain about. */
export interface Edited {
  readonly forget: readonly Forget[];
  /** In words of the user: pods that no node takes, addresses that clash. */
  readonly problems: readonly string[];
}

/** Several edits as one. */
export function together(...edits: readonly Edited[]): Edited {
  return { forget: edits.flatMap(({ forget }) => forget), problems: edits.flatMap(({ problems }) => problems) };
}
