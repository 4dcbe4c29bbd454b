import type { TapRecord } from '../../trace/recorder.ts';
import type { ConntrackEntry, Trace } from '../../trace/trace.ts';
import type { TruthNeighbour } from './truth.ts';

/** What the twin did with a probe, and what it holds afterwards. */
export interface TwinRun {
  readonly trace: Trace;
  /** Why something is UNKNOWN, the outcome or only what became of copies; null where nothing is. */
  readonly gap: string | null;
  /** Whom redirects reached. */
  readonly redirected: readonly string[];
  /** What taps on all devices would have shown. */
  readonly frames: readonly TapRecord[];
  /** Connections by `MACHINE/NETNS`. */
  readonly conntrack: ReadonlyMap<string, readonly ConntrackEntry[]>;
  /** Connections that the probe met, with those that are over, by `MACHINE/NETNS`. */
  readonly met: ReadonlyMap<string, readonly ConntrackEntry[]>;
  /** Learned neighbours by `MACHINE/NETNS`. */
  readonly neighbours: ReadonlyMap<string, readonly TruthNeighbour[]>;
}
