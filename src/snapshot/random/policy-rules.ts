import type { Netns } from '../../linux/netns.ts';
import { addRule, type RuleSpec } from '../../linux/ops/rules.ts';
import { ip } from '../../wire/ipv4.ts';
import { prefixOf } from '../../wire/prefix.ts';
import { protoNumber } from '../../wire/proto.ts';
import { addRandomRoute, TABLES } from './routes.ts';
import { devicesOf, type Scene } from './scene.ts';

/** Adds policy rules with any selector and action, and routes in the tables that they lead to. */
export function addPolicyRules(scene: Scene, netns: Netns): void {
  const { dice } = scene;
  for (let i = dice.int(1, 3); i > 0; i--) addRule(netns, drawRule(scene, netns));
  const tables = new Set(
    netns.rules.flatMap(({ action }) => (action.type === 'table' && TABLES.includes(action.table) ? [action.table] : [])),
  );
  for (const table of tables) for (let i = dice.int(0, 3); i > 0; i--) addRandomRoute(scene, netns, table);
}

function drawRule(scene: Scene, netns: Netns): RuleSpec {
  const { dice } = scene;
  const flow = dice.pick(scene.flows);
  const priority = dice.weighted([
    [dice.int(1, 5) * 100, 8],
    [32_766, 1],
    [40_000, 1],
    [0, 1],
  ]);
  const spec: { -readonly [K in keyof RuleSpec]: RuleSpec[K] } = { priority, action: drawAction(scene, priority) };
  const around = (address: string): { addr: ReturnType<typeof ip>; len: number } => prefixOf(ip(address), dice.pick([32, 32, 24, 16, 8]));
  if (dice.chance(0.35)) spec.from = around(dice.chance(0.8) ? flow.src : flow.dst);
  if (dice.chance(0.3)) spec.to = around(dice.chance(0.8) ? flow.dst : flow.src);
  if (dice.chance(0.2)) spec.iif = dice.pick([...devicesOf(netns), 'lo', 'gone0']);
  if (dice.chance(0.08)) spec.oif = dice.pick(devicesOf(netns));
  if (dice.chance(0.2)) {
    const mask = dice.pick([1, 3, 0xff, -1]);
    spec.fwmark = { value: dice.pick([0, 1, 2, 3]) & mask, mask };
  }
  if (dice.chance(0.1)) spec.tos = dice.pick([0x10, 0x08, 0x04]);
  if (dice.chance(0.2)) spec.ipproto = protoNumber(dice.chance(0.7) ? flow.proto : 'tcp');
  if (dice.chance(0.12)) spec.dport = rangeOf(scene, flow.dport);
  if (dice.chance(0.08)) spec.sport = rangeOf(scene, flow.sport);
  if (dice.chance(0.03)) spec.uidrange = { from: 0, to: dice.pick([0, 1000]) };
  if (dice.chance(0.12)) spec.not = true;
  if (spec.action.type === 'table' && dice.chance(0.2)) spec.suppressPrefixlength = dice.pick([0, 0, 16, 24]);
  return spec;
}

function rangeOf({ dice }: Scene, port: number): { from: number; to: number } {
  const around = Math.max(1, port);
  return dice.chance(0.6) ? { from: around, to: around } : { from: Math.max(1, around - 10), to: Math.min(65_534, around + 10) };
}

function drawAction({ dice }: Scene, priority: number): RuleSpec['action'] {
  return dice.weighted<RuleSpec['action']>([
    [{ type: 'table', table: dice.pick(TABLES) }, 8],
    [{ type: 'table', table: 254 }, 3],
    [{ type: 'blackhole' }, 1],
    [{ type: 'unreachable' }, 1],
    [{ type: 'prohibit' }, 1],
    [{ type: 'nop' }, 1],
    [{ type: 'goto', priority: dice.pick([priority + 100, 32_766, 600]) }, 2],
  ]);
}
