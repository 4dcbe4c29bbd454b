import * as z from 'zod';
import { section } from './section.ts';

/** The snapshot directory whose machines a scenario is about, in place of a cluster. */
export interface SnapshotSection {
  /** Relative to the scenario file. */
  readonly folder: string;
  readonly cold?: boolean;
  readonly lenient?: boolean;
}

const folder = z.string().min(1).max(4096);

const snapshotFields: z.ZodType<SnapshotSection> = z.lazy(() =>
  section({
    folder: folder.describe('in the folder of the scenario or below'),
    cold: z
      .boolean()
      .exactOptional()
      .describe('forget what was learned: connections, and neighbours and forwarding entries that are not permanent'),
    lenient: z.boolean().exactOptional().describe('unknown matches and targets make walks UNKNOWN instead of being errors'),
  }),
);

export const snapshotSection: z.ZodType<string | SnapshotSection> = z.lazy(() => z.union([folder, snapshotFields]));

/** Both ways to write it as one. */
export function snapshotOf(entry: string | SnapshotSection): SnapshotSection {
  return typeof entry === 'string' ? { folder: entry } : entry;
}
