import { type Change, reconcile } from '../../aks/reconcile.ts';
import { edit } from '../../world/history.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { forget, updateHealth } from '../session.ts';

/** Moves the clock; agents that run by the clock do what is due. @returns the world as they leave it */
export function advanceClock(world: FrozenWorld, session: Session, byMs: number): FrozenWorld {
  const fromMs = session.clock.nowMs;
  session.clock.nowMs = fromMs + byMs;
  return reconciled(world, session, 'advance', { kind: 'clock', fromMs, toMs: fromMs + byMs });
}

/** Lets the agents do what a change calls for, over a world and its flow state. */
export function reconciled(world: FrozenWorld, session: Session, label: string, change: Change): FrozenWorld {
  const next = edit(world, label, (draft) => forget(session, reconcile(draft, change).forget)).world;
  updateHealth(next, session);
  return next;
}
