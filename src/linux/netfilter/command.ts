import type { Interner } from './intern.ts';
import { readRules } from './parse-rule.ts';
import type { Rule } from './rule.ts';
import { SyntaxFault, parseNumber } from './syntax.ts';
import type { TableEditor } from './table-editor.ts';
import type { Word } from './words.ts';

export interface CommandContext {
  readonly lenient: boolean;
  readonly interner: Interner;
  /** Who writes the rules. */
  readonly origin: string | null;
}

type Command = 'A' | 'I' | 'D' | 'R' | 'C' | 'P' | 'N' | 'X' | 'F' | 'Z';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['-A', 'A'],
  ['--append', 'A'],
  ['-I', 'I'],
  ['--insert', 'I'],
  ['-D', 'D'],
  ['--delete', 'D'],
  ['-R', 'R'],
  ['--replace', 'R'],
  ['-C', 'C'],
  ['--check', 'C'],
  ['-P', 'P'],
  ['--policy', 'P'],
  ['-N', 'N'],
  ['--new-chain', 'N'],
  ['-X', 'X'],
  ['--delete-chain', 'X'],
  ['-F', 'F'],
  ['--flush', 'F'],
  ['-Z', 'Z'],
  ['--zero', 'Z'],
]);

/** The kernel's limit on a chain's name. @source include/uapi/linux/netfilter/x_tables.h XT_EXTENSION_MAXNAMELEN */
const MAX_NAME = 28;

/** Whether a user chain may have this name; else what is wrong with it. */
export function chainNameFault(name: string): string | null {
  if (name.length === 0 || name.length > MAX_NAME) return `a chain name of 1 to ${MAX_NAME} characters`;
  if (/^[-!]|[\s"'\\\p{Cc}]/u.test(name))
    return 'a chain name without blanks, quotes and control characters that does not begin with - or !';
  return null;
}

/**
 * Carries out one command, `-A CHAIN …`, `-I CHAIN 1 …`, `-X CHAIN` …
 * @returns how many rules it wrote: an option that lists addresses makes several
 * @throws SyntaxFault when it cannot be read or carried out; the table is then as it was
 */
export function runCommand(table: TableEditor, words: readonly Word[], from: number, context: CommandContext): number {
  const first = words[from];
  const command = first === undefined ? undefined : COMMANDS.get(first.text);
  if (first === undefined || command === undefined) {
    throw new SyntaxFault(first?.col ?? 1, `${first?.text ?? 'an empty line'} is no command`, '-A, -I, -D, -R, -C, -P, -N, -X or -F');
  }
  const chain = words[from + 1];
  if (chain === undefined) {
    if (command === 'F') table.flush(null);
    else if (command === 'X') table.delete(null);
    else if (command !== 'Z') throw new SyntaxFault(first.col, `${first.text} ends the line`, 'a chain');
    return 0;
  }
  if (command === 'N') newChain(table, chain);
  else if (!table.has(chain.text)) throw noChain(table, chain);
  else return runOnChain(table, command, chain, words, from + 2, context);
  return 0;
}

function newChain(table: TableEditor, chain: Word): void {
  const expected = chainNameFault(chain.text) ?? (table.has(chain.text) ? 'a new name' : null);
  if (expected !== null) throw new SyntaxFault(chain.col, `chain ${chain.text} cannot be made`, expected);
  table.declare(chain.text);
}

function noChain(table: TableEditor, chain: Word): SyntaxFault {
  return new SyntaxFault(chain.col, `no chain ${chain.text} in table ${table.name}`, 'a chain that was declared');
}

function runOnChain(
  table: TableEditor,
  command: Exclude<Command, 'N'>,
  chain: Word,
  words: readonly Word[],
  at: number,
  context: CommandContext,
): number {
  const name = chain.text;
  switch (command) {
    case 'A': {
      const rules = rulesOf(table, chain, words, at, context);
      table.insert(name, null, rules);
      return rules.length;
    }
    case 'I': {
      const number = numberAt(words, at);
      const count = table.rules(name).length;
      if (number !== null && (number < 1 || number > count + 1)) throw badNumber(words, at, count + 1);
      const rules = rulesOf(table, chain, words, number === null ? at : at + 1, context);
      table.insert(name, (number ?? 1) - 1, rules);
      return rules.length;
    }
    case 'R': {
      const number = existing(table, name, words, at);
      const [rule, another] = rulesOf(table, chain, words, at + 1, context);
      if (rule === undefined || another !== undefined)
        throw new SyntaxFault(chain.col, 'several rules in place of one', 'one address after -s and -d');
      table.replace(name, number - 1, rule);
      return 0;
    }
    case 'D':
      deleteRule(table, chain, words, at, context);
      return 0;
    case 'C':
      for (const rule of rulesOf(table, chain, words, at, context)) if (table.find(name, rule) < 0) throw noRule(chain);
      return 0;
    case 'P':
      setPolicy(table, chain, words[at]);
      return 0;
    case 'X':
      if (table.isBuiltin(name)) throw new SyntaxFault(chain.col, `${name} is built in`, 'a user chain');
      table.delete(name);
      return 0;
    case 'F':
      table.flush(name);
      return 0;
    case 'Z':
      return 0;
  }
}

function rulesOf(
  table: TableEditor,
  chain: Word,
  words: readonly Word[],
  at: number,
  { lenient, interner, origin }: CommandContext,
): Rule[] {
  const rules = readRules(words, at, {
    table: table.name,
    lenient,
    interner,
    isChain: (name) => table.has(name) && !table.isBuiltin(name),
  });
  const placed: Rule[] = [];
  for (const rule of rules) {
    const expected = table.misplaced(chain.text, rule);
    if (expected !== null) throw new SyntaxFault(chain.col, `-j ${rule.target.t} in chain ${chain.text}`, expected);
    placed.push(origin === null ? rule : { ...rule, origin });
  }
  return placed;
}

function numberAt(words: readonly Word[], at: number): number | null {
  const word = words[at];
  return word === undefined || !/^\d+$/.test(word.text) ? null : parseNumber(word.text);
}

function badNumber(words: readonly Word[], at: number, last: number): SyntaxFault {
  const word = words[at];
  return new SyntaxFault(word?.col ?? 1, `${word?.text ?? 'the end of the line'} is no rule number`, `a number from 1 to ${last}`);
}

function existing(table: TableEditor, chain: string, words: readonly Word[], at: number): number {
  const number = numberAt(words, at);
  const count = table.rules(chain).length;
  if (number === null || number < 1 || number > count) throw badNumber(words, at, count);
  return number;
}

function deleteRule(table: TableEditor, chain: Word, words: readonly Word[], at: number, context: CommandContext): void {
  if (numberAt(words, at) !== null && words.length === at + 1) {
    table.remove(chain.text, existing(table, chain.text, words, at) - 1);
    return;
  }
  for (const rule of rulesOf(table, chain, words, at, context)) {
    const found = table.find(chain.text, rule);
    if (found < 0) throw noRule(chain);
    table.remove(chain.text, found);
  }
}

function noRule(chain: Word): SyntaxFault {
  return new SyntaxFault(chain.col, `no such rule in chain ${chain.text}`, 'a rule that the chain holds');
}

function setPolicy(table: TableEditor, chain: Word, policy: Word | undefined): void {
  if (!table.isBuiltin(chain.text)) throw new SyntaxFault(chain.col, `${chain.text} is a user chain`, 'a built-in chain');
  if (policy?.text !== 'ACCEPT' && policy?.text !== 'DROP') throw new SyntaxFault(policy?.col ?? chain.col, 'no policy', 'ACCEPT or DROP');
  table.setPolicy(chain.text, policy.text);
}
