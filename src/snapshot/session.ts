import { entryOf } from '../linux/conntrack/record.ts';
import { createNetnsSession } from '../linux/netns-session.ts';
import { newSession } from '../walk/new-session.ts';
import type { Session } from '../world/session.ts';
import type { Snapshot } from './read-snapshot.ts';

/**
 * The flow state that a snapshot was taken in: its connections; what was learned of neighbours and forwarding is read from the World.
 * @param cold forget what was learned: connections, and neighbours and forwarding entries that are not permanent
 */
export function sessionOf(
  snapshot: Pick<Snapshot, 'conntrack'>,
  { seed = 1, cold = false }: { readonly seed?: number; readonly cold?: boolean } = {},
): Session {
  const session: Session = { ...newSession(seed), cold };
  if (cold) return session;
  for (const [at, records] of snapshot.conntrack) {
    const netns = createNetnsSession(at);
    for (const record of records) netns.conntrack.insert(entryOf(record, session.clock.nowMs));
    session.netns.set(at, netns);
  }
  return session;
}
