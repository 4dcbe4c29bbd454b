import type { FabricSession } from '../azure/session.ts';
import type { NetnsSession } from '../linux/netns-session.ts';
import type { Clock } from '../sim/clock.ts';
import type { Random } from '../sim/random.ts';

/** All flow state of a World: what packets leave behind. Clock and random source are in it, so a session replays exactly. */
export interface Session {
  readonly clock: Clock;
  readonly random: Random;
  /** By `MACHINE/NETNS`; a namespace that no packet met has none. */
  readonly netns: Map<string, NetnsSession>;
  readonly fabric: FabricSession;
  /** Forget also what the tables say was learned before: neighbours and FDB entries that are not permanent. */
  readonly cold: boolean;
}
