import type { Edited } from '../../aks/edit/result.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld, World } from '../../world/world.ts';
import { forget } from '../session.ts';

/** What an operation works on: a draft of the world and the flow state. */
export interface Bench {
  readonly world: World;
  /** The world as it is before the operation. */
  readonly before: FrozenWorld;
  readonly session: Session;
  /** Whether packets are sent: else the session lacks what they would have left behind, and nothing may be said to be missing there. */
  readonly sends: boolean;
  /** Takes what the author should know and what is no error, such as a pod that no node takes. */
  readonly note: (text: string) => void;
}

/** What an edit of cluster objects leaves to do. */
export function settle({ session, note }: Bench, edited: Edited): void {
  forget(session, edited.forget);
  for (const problem of edited.problems) note(problem);
}
