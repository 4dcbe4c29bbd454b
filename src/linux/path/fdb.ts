import type { Mac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import type { LearnedFdb } from '../netns-session.ts';
import type { Stack } from '../stack.ts';

/** What a bridge or a tunnel device has learned, to add to. */
export function fdbOf(stack: Stack, device: Device): Map<Mac, LearnedFdb> {
  const { fdb } = stack.session;
  let learned = fdb.get(device.name);
  if (learned === undefined) fdb.set(device.name, (learned = new Map<Mac, LearnedFdb>()));
  return learned;
}
