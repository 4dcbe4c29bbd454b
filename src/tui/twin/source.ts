import type { LoadedScenario } from '../../scenario/load.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';

/** What the tracer was started on. */
export interface Source {
  /** The scenario file or snapshot directory, as the user named it. */
  readonly file: string;
  /** Null for a snapshot. */
  readonly loaded: LoadedScenario | null;
  /** The scenario's text; null for a snapshot. */
  readonly text: string | null;
  /** Of a snapshot: what is unknown in it makes walks UNKNOWN instead of being an error. */
  readonly lenient?: boolean;
  readonly world: FrozenWorld;
  readonly seed: number;
  /** A session in the state of the source. */
  readonly start: (seed: number) => Session;
  readonly notes: readonly string[];
}
