import { BUILTIN_CHAINS } from '../../linux/netfilter/builtin.ts';
import type { Table } from '../../linux/netfilter/rule.ts';
import { splitWords } from '../../linux/netfilter/words.ts';
import type { Netns } from '../../linux/netns.ts';
import { TABLE_MAIN } from '../../linux/route.ts';
import { confName } from '../../linux/sysctl.ts';
import { ip } from '../../wire/ipv4.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { type Edit, edited } from '../kernel/edits.ts';
import { MACHINE } from './lab.ts';
import { drawRule } from './rules/rule-set.ts';
import type { Scene } from './scene.ts';

/** A few changes, in the order in which they are made. Those that would be refused are left out. */
export function drawEdits(scene: Scene, world: FrozenWorld, probes: number): Edit[] {
  const { dice } = scene;
  const edits: Edit[] = [];
  let current = world;
  for (let before = dice.int(1, 3); before < probes; before += dice.int(1, 4)) {
    const change = drawEdit(scene, current, before);
    const after = change === null ? null : edited(current, change);
    if (change === null || after === null || after === current) continue;
    edits.push(change);
    current = after;
  }
  return edits;
}

function drawEdit(scene: Scene, world: FrozenWorld, before: number): Edit | null {
  const { dice, flows } = scene;
  const all = Object.values(world.machines[MACHINE]?.netns ?? {});
  const ruled = all.filter(({ iptables }) => Object.values(iptables).some(isWithoutMemory));
  const netns = dice.pickOrNull(dice.chance(0.8) ? ruled : all);
  if (netns === null) return null;
  const place = { before, netns: netns.name };
  const table = dice.pickOrNull(Object.values(netns.iptables).filter(isWithoutMemory));
  if (table !== null && dice.chance(0.75)) return { ...place, kind: 'iptables', args: iptablesArgs(scene, netns, table) };
  if (dice.chance(0.3)) {
    const name = dice.pick(['net.ipv4.ip_forward', confName('all', 'rp_filter'), 'net.ipv4.icmp_echo_ignore_all']);
    return { ...place, kind: 'sysctl', name, value: dice.pick(['0', '1']) };
  }
  const routes = netns.fib.find(({ id }) => id === TABLE_MAIN)?.routes ?? [];
  const gone = dice.pickOrNull(routes.filter(({ protocol, tos }) => protocol !== 'kernel' && tos === 0));
  if (gone !== null && dice.chance(0.5)) return { ...place, kind: 'route', how: 'del', dst: gone.dst, len: gone.len };
  return { ...place, kind: 'route', how: 'add blackhole', dst: ip(dice.pick(flows).dst), len: 32 };
}

/**
 * Whether rules of a table may change while it is in use: the legacy back end loads a table anew and with it loses what rules remember,
 * the other one does not.
 */
function isWithoutMemory(table: Table): boolean {
  return table.chains.every(({ rules }) => rules.every(({ matches }) => matches.every(({ m }) => m !== 'statistic' && m !== 'limit')));
}

function iptablesArgs(scene: Scene, netns: Netns, table: Table): string[] {
  const { dice } = scene;
  const chain = dice.pick(table.chains);
  const { rules } = chain;
  if (rules.length > 0 && dice.chance(0.55)) return ['-t', table.name, '-D', chain.name, String(dice.int(1, rules.length))];
  const builtin = dice.pick(BUILTIN_CHAINS[table.name]);
  const place = { netns, table: table.name, hooks: [builtin], isBuiltin: true, below: [], sets: [] };
  const rule = splitWords(drawRule(scene, place)).map(({ text }) => text);
  if (rule.includes('statistic') || rule.includes('limit')) return ['-t', table.name, '-F', builtin];
  return ['-t', table.name, '-I', builtin, '1', ...rule];
}
