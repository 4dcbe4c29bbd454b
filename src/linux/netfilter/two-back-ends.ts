import { CtEntry } from '../conntrack/entry.ts';
import { isBound } from '../conntrack/nat.ts';
import type { Skb } from '../skb.ts';
import { CompiledTable, hasRules } from './compiled-table.ts';
import { DryEffects } from './dry-effects.ts';
import { ACCEPTED, type HookEnv, INPUT, POSTROUTING, type TableVerdict, UNKNOWN } from './hook-env.ts';
import { cloneNetfilterSession } from './session.ts';
import type { RejectKind } from './target/target.ts';

type Run = (table: CompiledTable, env: HookEnv) => TableVerdict;

/**
 * One table that both back ends of iptables hold, each with rules of its own. The kernel asks both, in the order in which they were
 * registered, which no dump tells.
 * @source net/netfilter/core.c nf_hook_entries_grow; net/netfilter/nf_nat_core.c nf_nat_inet_fn
 */
export class TwoBackEnds extends CompiledTable {
  readonly nft: CompiledTable;
  readonly legacy: CompiledTable;

  constructor(nft: CompiledTable, legacy: CompiledTable) {
    super(nft.table, nft.activeHooks | legacy.activeHooks);
    this.nft = nft;
    this.legacy = legacy;
  }
}

/** Sends a packet through both. UNKNOWN where the one order would end otherwise than the other. */
export function runBoth({ nft, legacy }: TwoBackEnds, env: HookEnv, run: Run): TableVerdict {
  // What is empty is asked as well, and says nothing that could matter.
  if (!hasRules(legacy, env.hook) || !hasRules(nft, env.hook)) return inOrder([nft, legacy], env, run);
  // Where rules leave something to chance, every first way and every last way is compared.
  for (const last of [false, true]) {
    const one = tryOut([nft, legacy], env, run, last);
    const other = tryOut([legacy, nft], env, run, last);
    const unsure = one.env.unknownReason === '' ? other.env : one.env;
    if (unsure.unknownReason !== '') return unknown(env, unsure.unknownReason, unsure.unknownText);
    if (one.result !== other.result) {
      const { name } = nft.table;
      return unknown(env, 'IPT_BACK_ENDS', `both back ends of iptables hold ${name} rules, and the order in which they are asked decides`);
    }
  }
  return inOrder([nft, legacy], env, run);
}

function unknown(env: HookEnv, reason: string, text: string): TableVerdict {
  env.unknownReason = reason;
  env.unknownText = text;
  return UNKNOWN;
}

/** NAT of one back end ends with the first translation that is bound. */
function inOrder(tables: readonly CompiledTable[], env: HookEnv, run: Run): TableVerdict {
  for (const table of tables) {
    const verdict = run(table, env);
    if (verdict !== ACCEPTED || (table.table.name === 'nat' && isDone(env))) return verdict;
  }
  return ACCEPTED;
}

function isDone({ skb, hook }: HookEnv): boolean {
  return skb.ct !== null && isBound(skb.ct, hook === INPUT || hook === POSTROUTING ? 'src' : 'dst');
}

interface Trial {
  readonly env: HookEnv;
  /** Everything that a user could tell apart. */
  readonly result: string;
}

/** What would become of the packet; nothing of it stays. */
function tryOut(tables: readonly CompiledTable[], env: HookEnv, run: Run, last: boolean): Trial {
  const { stack } = env;
  const skb = env.skb.clone();
  skb.leg = null;
  skb.hop = null;
  if (skb.ct !== null) skb.ct = copyOf(skb.ct);
  let answered: RejectKind | null = null;
  const trial: HookEnv = {
    ...env,
    skb,
    stack: {
      ...stack,
      session: { ...stack.session, netfilter: cloneNetfilterSession(stack.session.netfilter) },
      effects: new DryEffects(stack.effects.nowMs, last),
    },
    recorder: null,
    reject: (_, kind) => {
      answered = kind;
    },
  };
  const verdict = inOrder(tables, trial, run);
  return { env: trial, result: JSON.stringify([verdict, answered, verdict === ACCEPTED ? fieldsOf(skb) : null]) };
}

function copyOf(ct: CtEntry): CtEntry {
  return Object.assign(new CtEntry(ct.proto, ct.origSrc, ct.origDst, ct.origSport, ct.origDport), ct);
}

function fieldsOf({ src, dst, sport, dport, ttl, tos, mark, priority, mssBytes, ctInfo, ct }: Skb): unknown[] {
  const binding = ct === null ? [] : [ct.replySrc, ct.replyDst, ct.replySport, ct.replyDport, ct.status, ct.mark];
  return [src, dst, sport, dport, ttl, tos, mark, priority, mssBytes, ctInfo, ...binding];
}
