import { newSession } from '../../walk/new-session.ts';
import type { Probe } from '../../walk/probe.ts';
import { freeze } from '../../world/freeze.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { Dice } from './dice.ts';
import { drawFlows } from './flows.ts';
import { MACHINE } from './lab.ts';
import { drawProbes } from './probes.ts';
import { openSockets } from './sockets.ts';
import { type Scene, sceneOf } from './scene.ts';
import { writeBaseSysctls } from './sysctls.ts';
import { chain } from './topology/chain.ts';
import { STATES } from './weights.ts';

/** A network, the packets to send in it, and what they find: everything that twin and kernel need to be compared. */
export interface RandomCase {
  readonly seed: number;
  /** One machine `lab`; its namespaces are the hosts and routers. */
  readonly world: FrozenWorld;
  /** The flow state to start from. */
  readonly session: Session;
  readonly probes: readonly Probe[];
  /**
   * What each probe finds. `cold`: nothing learned and no connection; `fresh`: the starting state, as if no other probe had been sent;
   * `shared`: what the probes before it left behind.
   */
  readonly state: 'cold' | 'fresh' | 'shared';
}

/** The random network of a seed. The same seed gives the same network, byte by byte. */
export function randomCase(seed: number): RandomCase {
  const dice = new Dice(seed);
  const network = chain(dice);
  const bare = sceneOf(network, dice);
  const scene: Scene = { ...bare, flows: drawFlows(bare) };
  writeBaseSysctls(scene);
  openSockets(scene);
  const probes = drawProbes(scene);
  const state = dice.weighted(STATES);
  const world = freeze({ machines: { [MACHINE]: network.lab.finished() }, fabric: null, cluster: null });
  return { seed, world, session: { ...newSession(seed), cold: state === 'cold' }, probes, state };
}
