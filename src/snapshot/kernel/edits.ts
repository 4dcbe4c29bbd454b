import { applyCommand } from '../../linux/netfilter/restore.ts';
import type { Netns } from '../../linux/netns.ts';
import { addRoute, deleteRoute } from '../../linux/ops/routes.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { formatIpv4, type Ipv4 } from '../../wire/ipv4.ts';
import type { Probe } from '../../walk/probe.ts';
import { edit } from '../../world/history.ts';
import type { FrozenWorld } from '../../world/world.ts';

/** Something that somebody changes between two probes, while what packets left behind stays. */
export type Edit = {
  /** The probe that is the first to find it changed. */
  readonly before: number;
  /** The name of its namespace, which is the only one of that name. */
  readonly netns: string;
} & (
  | { readonly kind: 'iptables'; readonly args: readonly string[] }
  | { readonly kind: 'sysctl'; readonly name: string; readonly value: string }
  | { readonly kind: 'route'; readonly how: 'add blackhole' | 'del'; readonly dst: Ipv4; readonly len: number }
);

/** What changes are made to. */
interface Edited {
  readonly world: FrozenWorld;
  readonly probes: readonly Probe[];
  readonly edits: readonly Edit[];
}

/** The command that makes the change, to be run in the namespace; `iptables` stands for that of the back end. */
export function commandOf(change: Edit): readonly string[] {
  switch (change.kind) {
    case 'iptables':
      return ['iptables', ...change.args];
    case 'sysctl':
      return ['sysctl', '-q', '-w', `${change.name}=${change.value}`];
    case 'route':
      return ['ip', 'route', ...change.how.split(' '), `${formatIpv4(change.dst)}/${change.len}`];
  }
}

/** The world after a change; null where it is refused. */
export function edited(world: FrozenWorld, change: Edit): FrozenWorld | null {
  let done = false;
  const { world: after } = edit(world, commandOf(change).join(' '), (draft) => {
    const all = Object.values(draft.machines).flatMap(({ netns }) => Object.values(netns));
    const place = all.find(({ name }) => name === change.netns);
    if (place !== undefined) done = apply(place, change);
  });
  return done ? after : null;
}

function apply(netns: Netns, change: Edit): boolean {
  switch (change.kind) {
    case 'iptables': {
      const result = applyCommand(netns.iptables, change.args);
      if (result.ok) netns.iptables = result.tables;
      return result.ok;
    }
    case 'sysctl':
      return setSysctl(netns, change.name, change.value) === 'ok';
    case 'route': {
      const { dst, len, how } = change;
      return (how === 'del' ? deleteRoute(netns, { dst, len }) : addRoute(netns, { dst, len, type: 'blackhole' })) === 'ok';
    }
  }
}

/**
 * The world that each probe finds.
 * @throws InvariantError when a change is refused
 */
export function worldsOf({ world, probes, edits }: Edited): FrozenWorld[] {
  let current = world;
  return probes.map((_, i) => {
    for (const change of edits.filter(({ before }) => before === i)) {
      const after = edited(current, change);
      if (after === null) throw new InvariantError(`refused: ${commandOf(change).join(' ')}`);
      current = after;
    }
    return current;
  });
}

/** Whether all changes of a case can be made. */
export function canBeEdited(of: Edited): boolean {
  let current: FrozenWorld | null = of.world;
  for (const change of of.edits) if (current !== null) current = edited(current, change);
  return current !== null;
}
