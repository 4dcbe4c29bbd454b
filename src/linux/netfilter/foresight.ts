import { READS_MORE, type Reads } from './reads.ts';

/**
 * Keeps account of what rules read of a packet while they are only tried out: nothing is carried out, and the trial ends at the first
 * rule whose answer another packet of the same flow, or the same packet at another time, might not get.
 */
export class Foresight {
  reads: Reads = 0;

  /** Whether what a rule says holds for every packet that equals this one in what was read so far. */
  sees({ reads }: { readonly reads: Reads }): boolean {
    this.reads |= reads;
    return (reads & READS_MORE) === 0;
  }
}
