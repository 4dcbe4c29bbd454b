import { cloneSession, newSession } from '../../walk/new-session.ts';
import type { Probe } from '../../walk/probe.ts';
import { walk } from '../../walk/walk.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { freeze } from '../../world/freeze.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { decorate } from './decorate.ts';
import { Dice } from './dice.ts';
import { drawEdits } from './draw-edits.ts';
import { type Edit, worldsOf } from '../kernel/edits.ts';
import { drawFlows } from './flows.ts';
import { MACHINE } from './lab.ts';
import { drawProbes } from './probes.ts';
import { openSockets } from './sockets.ts';
import { addRarities } from './rarities.ts';
import { type Scene, sceneOf } from './scene.ts';
import { writeBaseSysctls } from './sysctls.ts';
import { TOPOLOGIES } from './topology/topologies.ts';
import { EDITED, STATES } from './weights.ts';

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
  /** What changes between the probes; only where they share a state. */
  readonly edits: readonly Edit[];
}

export interface CaseOptions {
  /** Also what hardly any network has. */
  readonly rarities?: boolean;
}

/** Cases drawn for a seed until one is calm. */
const ATTEMPTS = 50;

/**
 * The random network of a seed. The same seed gives the same network, byte by byte. One in which packets multiply or go round for ever
 * is drawn anew: a kernel would never end with it.
 */
export function randomCase(seed: number, options: CaseOptions = {}): RandomCase {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const drawn = drawCase(seed, new Dice(seed ^ (attempt << 24)), options);
    if (isCalm(drawn)) return drawn;
  }
  throw new InvariantError(`every network of seed ${seed} is a storm`);
}

function isCalm(drawn: RandomCase): boolean {
  const { session, probes, state } = drawn;
  const worlds = worldsOf(drawn);
  let current = cloneSession(session);
  return probes.every((probe, i) => {
    if (state !== 'shared') current = cloneSession(session);
    const { observed } = walk(worlds[i] ?? drawn.world, current, probe, { record: 'none' });
    return observed.unknown?.reason !== 'WALK_BUDGET';
  });
}

function drawCase(seed: number, dice: Dice, { rarities = false }: CaseOptions): RandomCase {
  const network = dice.weighted(TOPOLOGIES)(dice);
  const bare = sceneOf(network, dice);
  const scene: Scene = { ...bare, flows: drawFlows(bare) };
  writeBaseSysctls(scene);
  openSockets(scene);
  decorate(scene);
  const probes = drawProbes(scene);
  if (rarities) addRarities(scene, seed);
  const state = dice.weighted(STATES);
  const world = freeze({ machines: { [MACHINE]: network.lab.finished() }, fabric: null, cluster: null });
  const edits = state === 'shared' && dice.chance(EDITED) ? drawEdits(scene, world, probes.length) : [];
  return { seed, world, session: { ...newSession(seed), cold: state === 'cold' }, probes, state, edits };
}
