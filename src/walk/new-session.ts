import { cloneFabricSession, createFabricSession } from '../azure/session.ts';
import { cloneNetnsSession } from '../linux/netns-session.ts';
import { seeded } from '../sim/random.ts';
import type { Session } from '../world/session.ts';

/** A session in which nothing has happened: no connection, no learned neighbour, the clock at zero. */
export function newSession(seed = 1): Session {
  return { clock: { nowMs: 0, errorMs: 0 }, random: seeded(seed), netns: new Map(), fabric: createFabricSession(seed), cold: false };
}

/** An independent copy: what happens in one is not seen in the other. */
export function cloneSession(session: Session): Session {
  return {
    clock: { ...session.clock },
    random: { state: session.random.state },
    netns: new Map([...session.netns].map(([at, netns]) => [at, cloneNetnsSession(netns)])),
    fabric: cloneFabricSession(session.fabric),
    cold: session.cold,
  };
}
