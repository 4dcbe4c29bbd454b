import type { ChainRules, IptablesPlan, RestoreTable } from '../../kube/iptables/plan.ts';
import { Interner } from '../../linux/netfilter/intern.ts';
import { printSpecification } from '../../linux/netfilter/print.ts';
import type { Chain, Rule } from '../../linux/netfilter/rule.ts';
import type { TableEditor } from '../../linux/netfilter/table-editor.ts';
import type { TablesEdit } from '../../linux/netfilter/tables-edit.ts';
import { RuleReader } from './read-rule.ts';

/** Does what an agent's plan says, in the order in which agents do it. A chain that comes out as it was stays the same object. */
export function applyPlan(tables: TablesEdit, plan: IptablesPlan): void {
  const reader = new RuleReader(new Interner());
  for (const { table, chain, policy } of plan.policies) tables.table(table).setPolicy(chain, policy);
  for (const { table, chain } of plan.chains) {
    const editor = tables.table(table);
    if (!editor.has(chain)) editor.declare(chain);
  }
  for (const rule of plan.rules) {
    const editor = tables.table(rule.table);
    const parsed = reader.read(rule);
    if (editor.find(rule.chain, parsed) < 0) editor.insert(rule.chain, rule.position === 'append' ? null : 0, [parsed]);
  }
  for (const restore of plan.restore) applyRestore(tables.table(restore.table), restore, reader);
}

/** One table of an iptables-restore --noflush input. */
function applyRestore(table: TableEditor, { chains, lines }: RestoreTable, reader: RuleReader): void {
  const written = new Map<string, Rule[]>(chains.map((chain) => [chain, []]));
  const gone: string[] = [];
  for (const line of lines) {
    if (line.op === 'delete-chain') {
      gone.push(line.chain);
      continue;
    }
    const rules = written.get(line.chain);
    const rule = reader.read(line);
    if (rules === undefined) table.insert(line.chain, null, [rule]);
    else rules.push(rule);
  }
  for (const [name, rules] of written) {
    if (table.has(name) && sameRules(table.rules(name), rules)) continue;
    table.declare(name);
    table.insert(name, null, rules);
  }
  for (const name of gone) table.delete(name);
}

const made = new WeakMap<readonly ChainRules[], readonly Chain[]>();

/** User chains made of an agent's rules; the identical objects for the identical list. */
export function chainsOf(rules: readonly ChainRules[], reader: RuleReader): readonly Chain[] {
  let chains = made.get(rules);
  if (chains === undefined) {
    chains = rules.map((chain) => chainOf(chain, reader));
    made.set(rules, chains);
  }
  return chains;
}

/** A user chain made of an agent's rules. */
export function chainOf({ name, rules }: ChainRules, reader: RuleReader): Chain {
  return { name, policy: null, rules: rules.map((rule) => reader.read(rule)) };
}

/** Puts in a chain, unless the table has one that says the same. */
export function putChain(table: TableEditor, chain: Chain): void {
  if (!table.has(chain.name) || !sameRules(table.rules(chain.name), chain.rules)) table.put(chain);
}

/** Whether two lists of rules say the same and come from the same agents. */
function sameRules(a: readonly Rule[], b: readonly Rule[]): boolean {
  return a.length === b.length && a.every((rule, i) => isSame(rule, b[i]));
}

function isSame(a: Rule, b: Rule | undefined): boolean {
  return a === b || (b !== undefined && a.origin === b.origin && printSpecification(a) === printSpecification(b));
}
