import type { IpsetChanges } from '../session.ts';
import type { IpsetEntry, IpsetType } from './ipset.ts';
import { entryKey } from './print.ts';

/** Whether an entry of the tables is still there. Timeouts count from the moment at which the tables were taken, when the clock is zero. */
export function isAlive(entry: IpsetEntry, nowMs: number, changes: IpsetChanges | undefined, type: IpsetType): boolean {
  const timeoutSeconds = entry.timeoutSeconds ?? 0;
  if (timeoutSeconds > 0 && nowMs >= timeoutSeconds * 1000) return false;
  return changes?.deleted.has(entryKey(entry, type)) !== true;
}
