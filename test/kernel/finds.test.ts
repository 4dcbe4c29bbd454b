import { describe, expect, it } from 'vitest';
import { type Verdict, firstDifferences, wholeStory } from '../../src/snapshot/kernel/agreement.ts';
import { compare } from '../../src/snapshot/kernel/compare.ts';
import { sceneOf } from '../../src/snapshot/kernel/scene.ts';
import { Twin } from '../../src/snapshot/kernel/twin.ts';
import { worldsOf } from '../../src/snapshot/kernel/edits.ts';
import { findNames, readFind } from './finds.ts';

// FIND=arp-accept narrows what is run, and tells it in full.
const { FIND: only } = process.env;

describe('networks in which kernel and twin once parted', () => {
  it.each(findNames().filter((name) => only === undefined || name === only))('%s', (name) => {
    const find = readFind(name);
    const twin = new Twin(find.session, find.state);
    const worlds = worldsOf(find);
    const scene = sceneOf(find.world);
    const verdicts = find.probes.map((probe, index): Verdict => {
      const { truth, atMs } = find.answers[index]!;
      const run = twin.send(worlds[index]!, probe, { atMs }, (one) => compare(truth, one, scene, 'kept').length);
      return { id: probe.id ?? '', kernel: truth, trace: run.trace, thrown: null, differences: compare(truth, run, scene, 'kept') };
    });
    if (only !== undefined) console.warn(verdicts.map(wholeStory).join('\n\n'));
    expect(firstDifferences(verdicts, 3)).toBe('');
  });
});
