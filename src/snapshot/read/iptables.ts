import { Interner } from '../../linux/netfilter/intern.ts';
import { readRules } from '../../linux/netfilter/parse-rule.ts';
import type { Chain, Iptables, Rule, TableName } from '../../linux/netfilter/rule.ts';
import { SyntaxFault } from '../../linux/netfilter/syntax.ts';
import { splitWords } from '../../linux/netfilter/words.ts';
import type { Source } from './source.ts';

const NAMES = ['raw', 'mangle', 'nat', 'filter', 'security'] as const satisfies readonly TableName[];

export function readIptables(source: Source, path: string): Iptables | null {
  const lines = source.lines(path);
  if (lines === null) return null;
  const tables: Iptables = {};
  let table: TableName | null = null;
  let chains = new Map<string, { chain: Chain; rules: Rule[] }>();
  const interner = new Interner();
  for (const line of lines) {
    const { text } = line;
    try {
      if (text.startsWith('#')) continue;
      if (text.startsWith('*')) {
        table = NAMES.find((name) => name === text.slice(1).trim()) ?? null;
        chains = new Map();
        if (table === null) line.fail('no such table', NAMES.join(', '));
      } else if (text.startsWith(':')) {
        const [name = '', policy] = text.slice(1).split(' ');
        const rules: Rule[] = [];
        chains.set(name, { chain: { name, policy: policy === 'ACCEPT' || policy === 'DROP' ? policy : null, rules }, rules });
      } else if (text.startsWith('COMMIT')) {
        if (table !== null) tables[table] = { name: table, chains: [...chains.values()].map(({ chain }) => chain) };
        table = null;
      } else {
        const words = splitWords(text);
        const at = words.findIndex((word) => word.text === '-A');
        const chain = chains.get(words[at + 1]?.text ?? '');
        if (at < 0 || chain === undefined || table === null) line.fail('this is no rule', '-A CHAIN …');
        else
          chain.rules.push(...readRules(words, at + 2, { table, lenient: source.lenient, interner, isChain: (name) => chains.has(name) }));
      }
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      line.fail(error.message, error.expected, Math.max(error.col - 1, 0));
    }
  }
  return tables;
}
