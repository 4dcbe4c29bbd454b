import { buildDispatch } from './build-dispatch.ts';
import { type CompiledChain, CompiledRule } from './compiled-rule.ts';
import { CompiledTable } from './compiled-table.ts';
import type { Dispatch } from './dispatch.ts';
import { HOOK_NAMES } from './hook-env.ts';
import type { Chain, Rule, Table } from './rule.ts';

export type { CompiledTable } from './compiled-table.ts';

/** What a compiled table really is. */
export class Program extends CompiledTable {
  readonly #byName: ReadonlyMap<string, Chain>;
  readonly #compiled = new Map<string, CompiledChain | null>();
  /** The built-in chain of each hook. */
  readonly #hooks: readonly (Chain | null)[];

  /** It stands beside rules of the other back end and says so. */
  readonly isLegacy: boolean;

  constructor(table: Table, isLegacy = false) {
    const byName = new Map(table.chains.map((chain) => [chain.name, chain]));
    const hooks = HOOK_NAMES.map((name) => byName.get(name) ?? null);
    super(
      table,
      hooks.reduce(
        (bits, chain, hook) => (chain !== null && (chain.rules.length > 0 || chain.policy === 'DROP') ? bits | (1 << hook) : bits),
        0,
      ),
    );
    this.isLegacy = isLegacy;
    this.#byName = byName;
    this.#hooks = hooks;
  }

  /** Where a jump or goto leads; a rule remembers where it led last. */
  jump(rule: CompiledRule): CompiledChain | null {
    if (rule.table === this) return rule.next;
    rule.table = this;
    rule.next = this.chain(rule.jump);
    return rule.next;
  }

  /** The chain that packets enter at a hook; null where the table has none. */
  entry(hook: number): CompiledChain | null {
    const chain = this.#hooks[hook];
    return chain === null || chain === undefined ? null : this.chain(chain.name);
  }

  /** A chain, compiled when a packet first enters it; null where there is none of that name. */
  chain(name: string): CompiledChain | null {
    let compiled = this.#compiled.get(name);
    if (compiled === undefined) {
      const chain = this.#byName.get(name);
      compiled = chain === undefined ? null : compileChain(`${this.isLegacy ? 'legacy ' : ''}${this.table.name}`, chain);
      this.#compiled.set(name, compiled);
    }
    return compiled;
  }
}

const programs = new WeakMap<Table, Program>();
const chainRules = new WeakMap<
  readonly Rule[],
  { readonly key: string; readonly rules: readonly CompiledRule[]; readonly dispatch: Dispatch | null }
>();

/**
 * Makes a table ready for packets. A frozen table is compiled once; rule lists are compiled once however many tables share them, so they
 * must never change in place.
 */
export function compileTable(table: Table, isLegacy = false): CompiledTable {
  let program = programs.get(table);
  if (program?.isLegacy !== isLegacy) {
    program = new Program(table, isLegacy);
    if (Object.isFrozen(table)) programs.set(table, program);
  }
  return program;
}

function compileChain(table: string, chain: Chain): CompiledChain {
  const key = `${table}:${chain.name}`;
  let compiled = chainRules.get(chain.rules);
  if (compiled?.key !== key) {
    const rules = chain.rules.map((rule, at) => new CompiledRule(rule, table, chain.name, at + 1));
    compiled = { key, rules, dispatch: buildDispatch(rules) };
    chainRules.set(chain.rules, compiled);
  }
  return { chain, rules: compiled.rules, dispatch: compiled.dispatch };
}

/**
 * Whether a table's rules switch connection tracking on in the namespace: NAT targets and whatever reads or changes a connection.
 * @source nf_ct_netns_get callers: xt_conntrack, xt_connmark, xt_CONNMARK, xt_CT, nft_chain_nat, xt_nat
 */
export function needsConntrack(table: Table): boolean {
  return table.chains.some(({ rules }) => {
    let needed = rulesNeedConntrack.get(rules);
    if (needed === undefined) {
      needed = rules.some(ruleNeedsConntrack);
      rulesNeedConntrack.set(rules, needed);
    }
    return needed;
  });
}

const rulesNeedConntrack = new WeakMap<readonly Rule[], boolean>();

function ruleNeedsConntrack({ matches, target }: Rule): boolean {
  switch (target.t) {
    case 'DNAT':
    case 'SNAT':
    case 'MASQUERADE':
    case 'REDIRECT':
    case 'NETMAP':
    case 'CONNMARK':
      return true;
    case 'unmodelled':
      if (target.module === 'CT' || target.module === 'SYNPROXY' || target.module === 'CONNSECMARK') return true;
      break;
    default:
  }
  return matches.some(({ m }) => m === 'conntrack' || m === 'state' || m === 'connmark');
}
