import type { Chain, HookName, Iptables, Rule, Table, TableName } from './rule.ts';

/** The built-in chains of each table, in the kernel's order. */
const BUILT_IN: Readonly<Record<TableName, readonly HookName[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** One table while it is being changed; chains that stay as they are keep their identity. */
export class TableEdit {
  readonly name: TableName;
  readonly #chains: Map<string, Chain>;

  constructor(name: TableName, table: Table | undefined) {
    this.name = name;
    const present = table?.chains ?? BUILT_IN[name].map((chain): Chain => ({ name: chain, policy: 'ACCEPT', rules: [] }));
    this.#chains = new Map(present.map((chain) => [chain.name, chain]));
  }

  get chainNames(): string[] {
    return [...this.#chains.keys()];
  }

  has(chain: string): boolean {
    return this.#chains.has(chain);
  }

  rules(chain: string): readonly Rule[] {
    return this.#chains.get(chain)?.rules ?? [];
  }

  setPolicy(name: string, policy: 'ACCEPT' | 'DROP'): void {
    const chain = this.#chains.get(name);
    if (chain !== undefined && chain.policy !== policy) this.#chains.set(name, { ...chain, policy });
  }

  /** Makes a user chain unless there is one. */
  ensureChain(name: string): void {
    if (!this.#chains.has(name)) this.#chains.set(name, { name, policy: null, rules: [] });
  }

  deleteChain(name: string): void {
    this.#chains.delete(name);
  }

  /** Replaces the rules of a chain; the same rules leave the chain the same object. */
  setRules(name: string, rules: readonly Rule[]): void {
    const chain = this.#chains.get(name);
    if (chain !== undefined && sameRules(chain.rules, rules)) return;
    this.#chains.set(name, { name, policy: chain?.policy ?? null, rules });
  }

  /** Puts in a chain as it is, shared with other machines. */
  setChain(chain: Chain): void {
    this.#chains.set(chain.name, chain);
  }

  /** Adds a rule that the chain does not hold yet, as `iptables -C … || iptables -A …`. */
  ensureRule(chain: string, rule: Rule, position: 'append' | 'prepend'): void {
    const rules = this.rules(chain);
    if (rules.some((one) => sameRule(one, rule))) return;
    this.setRules(chain, position === 'append' ? [...rules, rule] : [rule, ...rules]);
  }

  /** The first chain that a rule jumps to and that does not exist. */
  get danglingJump(): string | null {
    for (const chain of this.#chains.values()) {
      for (const { target } of chain.rules) {
        if ((target.t === 'jump' || target.t === 'goto') && !this.#chains.has(target.chain)) return target.chain;
      }
    }
    return null;
  }

  done(): Table {
    return { name: this.name, chains: [...this.#chains.values()] };
  }
}

/** The tables of a namespace while they are being changed; a table that nobody touches stays the same object. */
export class TablesEdit {
  readonly #before: Iptables;
  readonly #edits = new Map<TableName, TableEdit>();

  constructor(before: Iptables) {
    this.#before = before;
  }

  table(name: TableName): TableEdit {
    let edit = this.#edits.get(name);
    if (edit === undefined) this.#edits.set(name, (edit = new TableEdit(name, this.#before[name])));
    return edit;
  }

  done(): Iptables {
    const after: Iptables = { ...this.#before };
    for (const [name, edit] of this.#edits) after[name] = edit.done();
    return after;
  }
}

function sameRules(a: readonly Rule[], b: readonly Rule[]): boolean {
  return a.length === b.length && a.every((rule, i) => sameRule(rule, b[i]));
}

function sameRule(a: Rule, b: Rule | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || a.target.t !== b.target.t || a.matches.length !== b.matches.length) return false;
  return JSON.stringify({ ...a, origin: null }) === JSON.stringify({ ...b, origin: null });
}
