import { expect, it } from 'vitest';
import { cloneSession } from '../../src/walk/new-session.ts';
import { walk } from '../../src/walk/walk.ts';
import { leftBehind, noticed } from '../property/support/noticed.ts';
import { readRecording } from './recording.ts';
import { recordedCases } from './recordings.ts';

const PROBE_MS = 3;

/** What the probes of a case come to and leave behind, one after the other in one session that begins cold. */
function faresOf({ world, session: start, probes }: ReturnType<typeof readRecording>, record: 'none' | 'summary'): string[] {
  const session = { ...cloneSession(start), netns: new Map(), cold: true };
  return probes.map((probe) => {
    session.clock.nowMs += PROBE_MS;
    return `${probe.id ?? ''} ${noticed(walk(world, session, probe, { record }))}\n${leftBehind(session)}`;
  });
}

it('the probes that the kernel has answered fare the same when nothing is recorded and flows are known', () => {
  for (const name of recordedCases()) {
    const recording = readRecording(name);
    const expected = [name, ...faresOf(recording, 'summary')];
    // Twice: the second time every flow is known.
    for (let time = 0; time < 2; time++) expect([name, ...faresOf(recording, 'none')]).toEqual(expected);
  }
});
