import type { HookEnv, TableVerdict } from '../hook-env.ts';
import type { HookName, TableName } from '../rule.ts';
import type { OptionTable, OptionUse } from '../syntax.ts';
import type { Target } from './target.ts';

/** The packet goes on to the next rule. */
export const CONTINUE = -1;
export type TargetResult = TableVerdict | typeof CONTINUE;

/** Carries out a target. May change the packet in place and record steps of its own before it returns. */
export type TargetRunner = (env: HookEnv) => TargetResult;

/** One target extension: how it is read, written and carried out. */
export interface TargetModule<T extends Target> {
  /** As written after `-j`. */
  readonly name: string;
  readonly options: OptionTable;
  /** Tables that may hold it; empty for all. */
  readonly tables: readonly TableName[];
  /** Hooks that may reach it; empty for all. */
  readonly hooks: readonly HookName[];
  /** @throws SyntaxFault when the options do not make sense. */
  parse(uses: readonly OptionUse[]): T;
  /** The options as iptables-save prints them, each with a leading blank. */
  print(target: T): string;
  compile(target: T): TargetRunner;
  /** What it does, as the predicate of a sentence: `masquerades the packet`. */
  describe(target: T): string;
}
