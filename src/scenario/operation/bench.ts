import type { Session } from '../../world/session.ts';
import type { World } from '../../world/world.ts';

/** What an operation works on: a draft of the world and the flow state. */
export interface Bench {
  readonly world: World;
  readonly session: Session;
}
