import { BUILTIN_CHAINS } from '../../../linux/netfilter/builtin.ts';
import { applyRestore } from '../../../linux/netfilter/restore.ts';
import type { HookName, TableName } from '../../../linux/netfilter/rule.ts';
import type { Netns } from '../../../linux/netns.ts';
import { InvariantError } from '../../../wire/invariant.ts';
import type { Dice } from '../dice.ts';
import type { Flow, Scene } from '../scene.ts';
import { RULES_IN_CHAIN, TABLES } from '../weights.ts';
import type { DrawnSet, Ground } from './ground.ts';
import { drawMatches, selectors } from './matches.ts';
import { drawTarget } from './targets.ts';

/** A user chain and the hooks from which packets come to it. */
interface UserChain {
  readonly name: string;
  readonly hooks: readonly HookName[];
}

const NAMES = ['ALLOW', 'KUBE-SVC-7QWERTYUIOP', 'cali-fw-cali0', 'web_1', 'U2'];

/** Tables of random rules for a namespace, as iptables-restore reads them. */
export function drawRuleSet(scene: Scene, netns: Netns, sets: readonly DrawnSet[]): string {
  const { dice } = scene;
  const tables = TABLES.filter(([, odds]) => dice.chance(odds)).map(([name]) => name);
  return (tables.length === 0 ? (['filter'] as const) : tables).map((table) => drawTable(scene, netns, table, sets)).join('');
}

/** @throws InvariantError when the rules cannot be read */
export function install(netns: Netns, text: string): void {
  const result = applyRestore(netns.iptables, text, { noflush: true });
  if (!result.ok) throw new InvariantError(`random rules cannot be read: ${JSON.stringify(result.faults[0])}\n${text}`);
  netns.iptables = result.tables;
}

function drawTable(scene: Scene, netns: Netns, table: TableName, sets: readonly DrawnSet[]): string {
  const { dice } = scene;
  const builtin = BUILTIN_CHAINS[table];
  const chains = userChains(dice, builtin);
  const lines: string[] = [`*${table}`];
  for (const chain of builtin) lines.push(`:${chain} ${table === 'filter' && dice.chance(0.06) ? 'DROP' : 'ACCEPT'} [0:0]`);
  for (const { name } of chains) lines.push(`:${name} - [0:0]`);
  const rules = (chain: string, hooks: readonly HookName[], from: number, isBuiltin: boolean): void => {
    const below = chains.slice(from).filter((one) => hooks.every((hook) => one.hooks.includes(hook)));
    const count = dice.weighted(RULES_IN_CHAIN) + (isBuiltin ? 0 : 1);
    for (let i = 0; i < count; i++) {
      lines.push(`-A ${chain} ${drawRule(scene, { netns, table, hooks, isBuiltin, below: below.map(({ name }) => name), sets })}`);
    }
  };
  for (const hook of builtin) rules(hook, [hook], 0, true);
  chains.forEach(({ name, hooks }, i) => {
    rules(name, hooks, i + 1, false);
  });
  return `${lines.join('\n')}\nCOMMIT\n`;
}

function userChains(dice: Dice, builtin: readonly HookName[]): UserChain[] {
  const count = dice.weighted([
    [0, 3],
    [1, 3],
    [2, 3],
    [3, 1],
  ]);
  const first = dice.int(0, NAMES.length - 1);
  return Array.from({ length: count }, (_, i) => {
    const hook = dice.pick(builtin);
    const other = dice.pick(builtin);
    return { name: NAMES[(first + i) % NAMES.length] ?? 'U', hooks: dice.chance(0.3) ? [...new Set([hook, other])] : [hook] };
  });
}

/** The words of one rule, made for a packet that may come by. */
export function drawRule(scene: Scene, place: Omit<Ground, 'scene' | 'flow' | 'proto'>): string {
  const { dice } = scene;
  const drawn = dice.pick(scene.flows);
  const flow = dice.chance(0.2) ? backwards(drawn) : drawn;
  const ground: Ground = { ...place, scene, flow, proto: dice.chance(0.55) ? flow.proto : null };
  const target = drawTarget(ground);
  const count = dice.weighted([
    [0, 5],
    [1, 6],
    [2, 2],
    [3, 1],
  ]);
  for (;;) {
    const matches = drawMatches(ground, target.isFatal ? Math.max(1, count) : count);
    const words = [selectors(ground), ...matches].filter((part) => part !== '').join(' ');
    // What kills every packet hides all that comes after it.
    if (!target.isFatal || words.includes('-d ') || words.includes('-s ') || matches.length > 0) return `${words}${target.words}`.trim();
  }
}

function backwards(flow: Flow): Flow {
  return { ...flow, src: flow.dst, dst: flow.src, sport: flow.dport, dport: flow.sport };
}
