import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHost } from '../../../src/linux/ops/create-netns.ts';
import { setSysctl } from '../../../src/linux/ops/set-sysctl.ts';
import { freeze } from '../../../src/world/freeze.ts';
import { begin, edit, patch, record, redo, undo } from '../../../src/world/history.ts';
import type { FrozenWorld, World } from '../../../src/world/world.ts';

function world(): FrozenWorld {
  return freeze({ machines: { a: createHost('a', 'vm'), b: createHost('b', 'vm') }, fabric: null, cluster: null });
}

function set(name: string, value: string): (draft: World) => void {
  return (draft) => {
    const root = draft.machines['a']?.netns['root'];
    if (root !== undefined) setSysctl(root, name, value);
  };
}

const SYSCTLS = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.rp_filter'] as const;

describe('a frozen World', () => {
  it('can not be changed anywhere', () => {
    const frozen = world();
    expect(() => frozen.machines['a']!.netns['root']!.links.push()).toThrow(TypeError);
    expect(Object.isFrozen(frozen.machines['a']?.netns['root']?.links)).toBe(true);
    expect(Object.isFrozen(frozen.machines['a']?.kernel)).toBe(true);
  });
});

describe('an edit', () => {
  it('leaves the World that it starts from, and shares what it does not touch', () => {
    const before = world();
    const { world: after, patches } = edit(before, 'forward', set('net.ipv4.ip_forward', '1'));
    expect(before.machines['a']?.netns['root']?.sysctls.names).toEqual({});
    expect(after.machines['a']?.netns['root']?.sysctls.names).toMatchObject({ 'net.ipv4.ip_forward': '1' });
    expect(after.machines['b']).toBe(before.machines['b']);
    expect(after.machines['a']?.netns['root']?.links).toBe(before.machines['a']?.netns['root']?.links);
    expect(patches).toHaveLength(1);
  });

  it('that throws leaves everything as it was', () => {
    const history = begin(world());
    expect(() =>
      record(history, 'broken', (draft) => {
        draft.machines = {};
        throw new Error('half-way');
      }),
    ).toThrow('half-way');
    expect(Object.keys(history.world.machines)).toEqual(['a', 'b']);
  });

  it('can be taken back and made again, any number of times', () => {
    const step = fc.tuple(fc.constantFrom(...SYSCTLS), fc.constantFrom('0', '1'));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const start = world();
        const worlds = [start];
        let history = begin(start);
        for (const [name, value] of steps) {
          history = record(history, name, set(name, value));
          worlds.push(history.world);
        }
        for (let at = steps.length; at > 0; at--) {
          const [entry] = history.done.slice(-1);
          expect(patch(history.world, entry!.inverse)).toEqual(worlds[at - 1]);
          history = undo(history);
          expect(history.world).toBe(worlds[at - 1]);
        }
        expect(undo(history)).toBe(history);
        for (let at = 1; at <= steps.length; at++) {
          history = redo(history);
          expect(history.world).toBe(worlds[at]);
        }
        expect(redo(history)).toBe(history);
      }),
      { numRuns: 30 },
    );
  });

  it('after an undo forgets what could have been redone', () => {
    let history = record(begin(world()), 'one', set('net.ipv4.ip_forward', '1'));
    history = record(undo(history), 'two', set('net.ipv4.conf.all.rp_filter', '1'));
    expect(history.done.map((entry) => entry.label)).toEqual(['two']);
    expect(history.undone).toEqual([]);
  });
});
