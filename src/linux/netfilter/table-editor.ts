import { BUILTIN_CHAINS, hookOf } from './builtin.ts';
import { printSpecification } from './print.ts';
import type { Chain, Rule, Table, TableName } from './rule.ts';
import { SyntaxFault } from './syntax.ts';
import { TARGETS } from './target/registry.ts';

/** How many rules commands may search, or move, where moving is so much cheaper, before the text is refused. */
const MAX_EFFORT = 5_000_000;
const MOVED_FOR_ONE = 100;

interface EditedChain {
  policy: Chain['policy'];
  rules: Rule[];
  /** The chain as it was; null once anything about it changed. */
  before: Chain | null;
}

/** A table while commands change it. Chains that nobody changes stay the same objects. Failures are values: what was expected instead. */
export class TableEditor {
  readonly name: TableName;
  readonly #chains = new Map<string, EditedChain>();
  #effort = 0;

  /** @param bare the table has no chains but those that will be declared */
  constructor(name: TableName, table: Table | undefined, bare = false) {
    this.name = name;
    if (bare) return;
    for (const chain of BUILTIN_CHAINS[name]) this.#chains.set(chain, { policy: 'ACCEPT', rules: [], before: null });
    for (const chain of table?.chains ?? []) this.#chains.set(chain.name, { policy: chain.policy, rules: [], before: chain });
  }

  has(chain: string): boolean {
    return this.#chains.has(chain);
  }

  rules(chain: string): readonly Rule[] {
    const edited = this.#chains.get(chain);
    return edited === undefined ? [] : (edited.before?.rules ?? edited.rules);
  }

  isBuiltin(chain: string): boolean {
    return hookOf(this.name, chain) !== null;
  }

  /** Counts what takes time beyond reading a line. */
  #spend(effort: number): void {
    this.#effort += effort;
    if (this.#effort > MAX_EFFORT) {
      throw new SyntaxFault(
        1,
        `too many insertions and deletions in table ${this.name}`,
        `commands that pass fewer than ${MAX_EFFORT} rules in all`,
      );
    }
  }

  /** A user chain, emptied when it exists; or a built-in one of a bare table. */
  declare(chain: string): void {
    this.#chains.set(chain, { policy: this.isBuiltin(chain) ? 'ACCEPT' : null, rules: [], before: null });
  }

  setPolicy(chain: string, policy: 'ACCEPT' | 'DROP'): void {
    const edited = this.#open(chain);
    if (edited !== null) edited.policy = policy;
  }

  /** Puts in a chain as it is, in place of one of that name. It may be shared with other machines. */
  put(chain: Chain): void {
    this.#chains.set(chain.name, { policy: chain.policy, rules: [], before: chain });
  }

  get chainNames(): string[] {
    return [...this.#chains.keys()];
  }

  /** Empties one chain, or all of them. */
  flush(chain: string | null): void {
    for (const name of chain === null ? this.#chains.keys() : [chain]) {
      const edited = this.#open(name);
      if (edited !== null) edited.rules = [];
    }
  }

  /** Deletes one user chain, or all of them. */
  delete(chain: string | null): void {
    for (const name of chain === null ? [...this.#chains.keys()] : [chain]) if (!this.isBuiltin(name)) this.#chains.delete(name);
  }

  /** Puts rules in front of rule `at` (from 0); null appends. */
  insert(chain: string, at: number | null, rules: readonly Rule[]): void {
    const edited = this.#open(chain);
    if (edited === null) return;
    if (at === null) for (const rule of rules) edited.rules.push(rule);
    else {
      this.#spend(edited.rules.length / MOVED_FOR_ONE);
      edited.rules.splice(at, 0, ...rules);
    }
  }

  replace(chain: string, at: number, rule: Rule): void {
    const edited = this.#open(chain);
    if (edited !== null) edited.rules[at] = rule;
  }

  remove(chain: string, at: number): void {
    this.#spend(this.rules(chain).length / MOVED_FOR_ONE);
    this.#open(chain)?.rules.splice(at, 1);
  }

  /** The position of the first equal rule; -1 when there is none. Who wrote it does not matter. */
  find(chain: string, rule: Rule): number {
    this.#spend(this.rules(chain).length);
    const wanted = printSpecification(rule);
    return this.rules(chain).findIndex((one) => one.target.t === rule.target.t && printSpecification(one) === wanted);
  }

  /** Why a rule may not stand in a chain: the hooks its target is for; null when it may. */
  misplaced(chain: string, { target }: Rule): string | null {
    const hook = hookOf(this.name, chain);
    const hooks = TARGETS.get(target.t)?.hooks ?? [];
    return hook === null || hooks.length === 0 || hooks.includes(hook) ? null : `chain ${hooks.join(' or ')}`;
  }

  /** A chain that a rule leads to and that does not exist. */
  danglingJump(): string | null {
    for (const { before, rules } of this.#chains.values()) {
      for (const { target } of before?.rules ?? rules) {
        if ((target.t === 'jump' || target.t === 'goto') && !this.#chains.has(target.chain)) return target.chain;
      }
    }
    return null;
  }

  /** A chain from which jumps lead back to it; the kernel loads no such table. */
  loop(): string | null {
    const done = new Set<string>();
    for (const name of this.#chains.keys()) {
      const found = this.#findLoop(name, done);
      if (found !== null) return found;
    }
    return null;
  }

  #findLoop(start: string, done: Set<string>): string | null {
    const path: { name: string; next: string[] }[] = [];
    const onPath = new Set<string>();
    const visit = (name: string): void => {
      if (done.has(name)) return;
      onPath.add(name);
      path.push({ name, next: this.#jumpsFrom(name) });
    };
    visit(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.next.pop();
      if (next === undefined) {
        path.pop();
        onPath.delete(top.name);
        done.add(top.name);
      } else if (onPath.has(next)) {
        return next;
      } else {
        visit(next);
      }
    }
    return null;
  }

  #jumpsFrom(chain: string): string[] {
    const jumps = new Set<string>();
    for (const { target } of this.rules(chain)) if (target.t === 'jump' || target.t === 'goto') jumps.add(target.chain);
    return [...jumps];
  }

  /** The table as it is now. `sorted`: user chains by name, as the kernel lists them; else in the order in which they came. */
  done(sorted: boolean): Table {
    const chains: Chain[] = [];
    for (const name of sorted ? this.#sortedNames() : this.#chains.keys()) {
      const edited = this.#chains.get(name);
      if (edited !== undefined) chains.push(edited.before ?? { name, policy: edited.policy, rules: edited.rules });
    }
    return { name: this.name, chains };
  }

  #sortedNames(): string[] {
    const builtin: readonly string[] = BUILTIN_CHAINS[this.name];
    return [...builtin, ...this.chainNames.filter((name) => !builtin.includes(name)).sort()];
  }

  #open(chain: string): EditedChain | null {
    const edited = this.#chains.get(chain);
    if (edited === undefined) return null;
    if (edited.before !== null) {
      edited.rules = [...edited.before.rules];
      edited.before = null;
    }
    return edited;
  }
}
