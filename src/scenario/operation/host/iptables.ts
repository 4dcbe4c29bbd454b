import * as z from 'zod';
import { type RestoreResult, applyCommand, applyRestore } from '../../../linux/netfilter/restore.ts';
import { splitWords } from '../../../linux/netfilter/words.ts';
import type { Netns } from '../../../linux/netns.ts';
import { section, textThat } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { on, placeOf } from './place.ts';

const table = z.enum(['raw', 'mangle', 'nat', 'filter', 'security']).exactOptional().describe('default filter');
const chain = textThat((text) => /^[^\s"'-][^\s"']{0,28}$/.test(text), 'the name of a chain').describe('built-in or declared before');
const rule = z.string().max(4000).describe('as it stands behind the chain: -p tcp --dport 80 -j DROP');
const number = z.int().min(1).max(1_000_000);

interface RuleArgs {
  readonly on: string;
  readonly table?: string;
  readonly chain: string;
}

const insertArgs: z.ZodType<RuleArgs & { rule: string; number?: number }> = z.lazy(() =>
  section({
    on,
    table,
    chain,
    rule,
    number: number.exactOptional().describe('before which rule, from 1; default 1'),
  }),
);
const appendArgs: z.ZodType<RuleArgs & { rule: string }> = z.lazy(() => section({ on, table, chain, rule }));
const deleteArgs: z.ZodType<RuleArgs & { rule?: string; number?: number }> = z.lazy(() =>
  section({
    on,
    table,
    chain,
    rule: rule.exactOptional(),
    number: number.exactOptional().describe('which rule, from 1'),
  }).refine((args) => (args.rule === undefined) !== (args.number === undefined), { error: 'a rule or its number' }),
);
const policyArgs: z.ZodType<RuleArgs & { policy: 'ACCEPT' | 'DROP' }> = z.lazy(() =>
  section({ on, table, chain, policy: z.enum(['ACCEPT', 'DROP']).describe('of packets that no rule ends') }),
);
const chainArgs: z.ZodType<RuleArgs> = z.lazy(() => section({ on, table, chain }));
const restoreArgs: z.ZodType<{ on: string; text: string; replace?: boolean }> = z.lazy(() =>
  section({
    on,
    text: z.string().max(4_000_000).describe('input of iptables-restore'),
    replace: z.boolean().exactOptional().describe('true: flush the tables that the text names; default: keep their rules'),
  }),
);

export const insertRule: Operation = operation('insert-rule', 'iptables -I CHAIN', insertArgs, (args, bench) => {
  command(args, ['-I', args.chain, String(args.number ?? 1), ...words(args.rule)], placeOf(args.on, bench).netns);
});

export const appendRule: Operation = operation('append-rule', 'iptables -A CHAIN', appendArgs, (args, bench) => {
  command(args, ['-A', args.chain, ...words(args.rule)], placeOf(args.on, bench).netns);
});

export const deleteRule: Operation = operation('delete-rule', 'iptables -D CHAIN', deleteArgs, (args, bench) => {
  const which = args.number === undefined ? words(args.rule ?? '') : [String(args.number)];
  command(args, ['-D', args.chain, ...which], placeOf(args.on, bench).netns);
});

export const setPolicy: Operation = operation('set-policy', 'iptables -P CHAIN', policyArgs, (args, bench) => {
  command(args, ['-P', args.chain, args.policy], placeOf(args.on, bench).netns);
});

export const flushChain: Operation = operation('flush-chain', 'iptables -F CHAIN', chainArgs, (args, bench) => {
  command(args, ['-F', args.chain], placeOf(args.on, bench).netns);
});

export const applyIptables: Operation = operation('apply-iptables', 'iptables-restore', restoreArgs, (args, bench) => {
  const { netns } = placeOf(args.on, bench);
  take(netns, applyRestore(netns.iptables, args.text, { noflush: args.replace !== true, origin: 'scenario' }), args.text);
});

function words(text: string): string[] {
  try {
    return splitWords(text).map((word) => word.text);
  } catch (error) {
    throw new OperationError(error instanceof Error ? error.message : 'the rule can not be read', 'a rule', text);
  }
}

interface CommandArgs extends RuleArgs {
  readonly rule?: string;
  readonly number?: number;
  readonly policy?: string;
}

/** Which word of a command names the chain, from 1; a number, a rule or a policy is behind it. */
const CHAIN_WORD = 4;

function command(args: CommandArgs, commandLine: readonly string[], netns: Netns): void {
  const result = applyCommand(netns.iptables, ['-t', args.table ?? 'filter', ...commandLine], { origin: 'scenario' });
  const word = result.ok ? 0 : (result.faults[0]?.col ?? 0);
  take(netns, result, word === CHAIN_WORD ? args.chain : word > CHAIN_WORD ? behindChain(args, word - CHAIN_WORD) : null);
}

function behindChain({ number, rule, policy }: CommandArgs, word: number): string | number | null {
  return (word === 1 ? number : undefined) ?? rule ?? policy ?? null;
}

function take(netns: Netns, result: RestoreResult, said: string | number | null): void {
  if (result.ok) netns.iptables = result.tables;
  else throw new OperationError(result.faults[0]?.message ?? 'the rule can not be read', result.faults[0]?.expected ?? '', said);
}
