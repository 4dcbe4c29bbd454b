import type { HookEnv } from '../hook-env.ts';
import type { OptionTable, OptionUse } from '../syntax.ts';
import type { Match } from './match.ts';

/** Answers of a match. UNSURE: it depends on something that is not modelled; `env.unknownReason` and `env.unknownText` say on what. */
export const NO = 0;
export const YES = 1;
export const UNSURE = 2;
export type Answer = 0 | 1 | 2;

/** Asks one match about a packet. Allocates nothing. */
export type MatchEvaluator = (env: HookEnv) => Answer;

/** One match extension: how it is read, written, asked and explained. */
export interface MatchModule<M extends Match> {
  readonly name: M['m'];
  readonly options: OptionTable;
  /** The protocols of which `-p` must name one; empty where any will do. */
  readonly protos: readonly number[];
  /** Asking has no effect on the session and takes no chance, so a near miss may ask again. */
  readonly pure: boolean;
  /** @throws SyntaxFault when the options do not make sense. */
  parse(uses: readonly OptionUse[]): M;
  /** The options as iptables-save prints them, each with a leading blank. */
  print(match: M): string;
  /** `key` (`table:chain:index`) names the rule in the session. */
  compile(match: M, key: string): MatchEvaluator;
  /** Why the packet does not match: `dport 80 is not 443`. */
  whyNot(match: M, env: HookEnv): string;
}

export function answer(matches: boolean): Answer {
  return matches ? YES : NO;
}

/** The evaluator of a match that is asked with a plain condition. */
export function when(condition: (env: HookEnv) => boolean): MatchEvaluator {
  return (env) => (condition(env) ? YES : NO);
}
