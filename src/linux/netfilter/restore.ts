import { isTableName } from './builtin.ts';
import { chainNameFault, runCommand } from './command.ts';
import { type Counters, NO_COUNTERS, ZERO, parseCounters } from './counters.ts';
import { Interner } from './intern.ts';
import { type TextFault, readLines } from './read-lines.ts';
import type { Iptables } from './rule.ts';
import { SyntaxFault } from './syntax.ts';
import { TableEditor } from './table-editor.ts';
import { splitWords } from './words.ts';

export type RestoreResult =
  | {
      readonly ok: true;
      readonly tables: Iptables;
      /** What the text says has been counted. */
      readonly counters: Counters;
    }
  | { readonly ok: false; readonly faults: readonly TextFault[] };

export interface RestoreOptions {
  /** Named in faults. */
  readonly file?: string;
  /** Keep what is there; a chain line empties that user chain only. */
  readonly noflush?: boolean;
  /** Keep unknown matches and targets as text; the walks that reach them are UNKNOWN. */
  readonly lenient?: boolean;
  /** Who writes the rules, by line where a function. */
  readonly origin?: string | ((line: number) => string | null) | null;
}

const MAX_RULES = 2_000_000;
const MAX_CHAINS = 1_000_000;

/**
 * Reads the output of iptables-save, of either back end. Tables and chains keep the order of the text.
 * @returns the tables, or up to 20 faults
 */
export function parseIptablesSave(text: string, file: string, { lenient = false }: { readonly lenient?: boolean } = {}): RestoreResult {
  return new Restore({}, { file, lenient }, true).read(text);
}

/** Does what `iptables-restore` does with a text. Tables it does not name stay the same objects; on a fault all do. */
export function applyRestore(tables: Iptables, text: string, options: RestoreOptions = {}): RestoreResult {
  return new Restore(tables, options, false).read(text);
}

/**
 * Does what one call of `iptables` does: `-t nat -A POSTROUTING …`.
 * @param args the command line after `iptables`, one word each
 */
export function applyCommand(tables: Iptables, args: readonly string[], options: Omit<RestoreOptions, 'noflush'> = {}): RestoreResult {
  const words = args.map((text, i) => ({ text, col: i + 1, quoted: /\s/.test(text) }));
  const at = words.findIndex(({ text }) => text === '-t' || text === '--table');
  const name = at < 0 ? 'filter' : (words[at + 1]?.text ?? '');
  const rest = at < 0 ? words : words.toSpliced(at, 2);
  try {
    if (!isTableName(name)) throw new SyntaxFault(at + 2, `no table ${name}`, 'raw, mangle, nat, filter or security');
    const editor = new TableEditor(name, tables[name]);
    const origin = typeof options.origin === 'function' ? options.origin(1) : (options.origin ?? null);
    runCommand(editor, rest, 0, { lenient: options.lenient ?? false, interner: new Interner(), origin });
    checkTable(editor);
    return { ok: true, tables: { ...tables, [name]: editor.done(true) }, counters: NO_COUNTERS };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return {
      ok: false,
      faults: [
        { file: options.file ?? 'iptables', line: 1, col: Math.max(1, error.col), message: error.message, expected: error.expected },
      ],
    };
  }
}

/** @throws SyntaxFault when the kernel would refuse the table */
function checkTable(editor: TableEditor): void {
  const dangling = editor.danglingJump();
  if (dangling !== null)
    throw new SyntaxFault(1, `a rule of table ${editor.name} leads to chain ${dangling}, which is gone`, 'a chain that exists');
  const loop = editor.loop();
  if (loop !== null) throw new SyntaxFault(1, `chain ${loop} of table ${editor.name} leads back to itself`, 'jumps without a loop');
}

class Restore {
  readonly #done: Iptables;
  readonly #options: RestoreOptions;
  readonly #isSave: boolean;
  readonly #interner = new Interner();
  readonly #counters = new Map<string, string>();
  /** Rules of the chain that is being filled, to number them. */
  readonly #appended = new Map<string, number>();
  #editor: TableEditor | null = null;
  #line = 0;
  #rules = 0;
  #chains = 0;

  constructor(tables: Iptables, options: RestoreOptions, isSave: boolean) {
    this.#done = { ...tables };
    this.#options = options;
    this.#isSave = isSave;
  }

  read(text: string): RestoreResult {
    const file = this.#options.file ?? 'iptables-restore';
    const faults = readLines(text, file, (line, number) => {
      this.#line = number;
      this.#readLine(line);
    });
    if (this.#editor !== null && faults.length === 0)
      faults.push({ file, line: this.#line, col: 1, message: `table ${this.#editor.name} is never committed`, expected: 'COMMIT' });
    return faults.length > 0 ? { ok: false, faults } : { ok: true, tables: this.#done, counters: this.#counters };
  }

  #readLine(line: string): void {
    const first = line.charAt(0);
    if (first === '-' || first === '[') this.#command(line, first === '[');
    else if (first === ':') this.#chain(line);
    else if (first === '#') return;
    else if (first === '*') this.#table(line.slice(1).trim());
    else if (line.trimEnd() === 'COMMIT') this.#commit();
    else if (line.trim() !== '') throw new SyntaxFault(1, 'this is no line of iptables-save', '*TABLE, :CHAIN, -A, COMMIT or a comment');
  }

  #table(name: string): void {
    if (!isTableName(name)) throw new SyntaxFault(2, `no table ${name}`, 'raw, mangle, nat, filter or security');
    if (this.#editor !== null) throw new SyntaxFault(1, `table ${this.#editor.name} is not committed yet`, 'COMMIT');
    if (this.#isSave && this.#done[name] !== undefined)
      throw new SyntaxFault(1, `table ${name} a second time`, 'the rules of one back end');
    this.#editor = new TableEditor(name, this.#done[name], this.#isSave);
    if (this.#options.noflush !== true) {
      this.#editor.flush(null);
      this.#editor.delete(null);
    }
  }

  #open(): TableEditor {
    if (this.#editor === null) throw new SyntaxFault(1, 'a line outside a table', '*TABLE');
    return this.#editor;
  }

  #chain(line: string): void {
    const editor = this.#open();
    if (++this.#chains > MAX_CHAINS) throw new SyntaxFault(1, 'too many chains', `at most ${MAX_CHAINS} (MAX_CHAINS)`);
    const [name, policy, counted] = splitWords(line, 1);
    if (name === undefined || policy === undefined)
      throw new SyntaxFault(1, 'a chain line without name or policy', ':CHAIN POLICY [packets:bytes]');
    if (editor.isBuiltin(name.text)) {
      if (!editor.has(name.text)) editor.declare(name.text);
      const counters = counted === undefined ? null : parseCounters(counted.text);
      if (counters !== null && counters !== ZERO) this.#counters.set(`${editor.name}:${name.text}`, counters);
      if (policy.text === 'ACCEPT' || policy.text === 'DROP') editor.setPolicy(name.text, policy.text);
      else if (policy.text !== '-') throw new SyntaxFault(policy.col, `${policy.text} is no policy`, 'ACCEPT or DROP');
      return;
    }
    const expected = chainNameFault(name.text);
    if (expected !== null) throw new SyntaxFault(name.col, `${name.text} is no name of a chain`, expected);
    if (policy.text !== '-') throw new SyntaxFault(policy.col, `user chain ${name.text} with a policy`, '-');
    if (this.#isSave && editor.has(name.text))
      throw new SyntaxFault(name.col, `chain ${name.text} a second time`, 'one line for each chain');
    editor.declare(name.text);
  }

  #command(line: string, hasCounters: boolean): void {
    const editor = this.#open();
    const close = hasCounters ? line.indexOf(']') : -1;
    const counters = hasCounters ? parseCounters(line.slice(0, close + 1)) : null;
    if (hasCounters && counters === null) throw new SyntaxFault(1, 'these are no counters', '[packets:bytes]');
    const { origin, lenient = false } = this.#options;
    const words = splitWords(line, close + 1);
    if (counters !== null) this.#count(editor.name, words[1]?.text ?? '', counters);
    this.#rules += runCommand(editor, words, 0, {
      lenient,
      interner: this.#interner,
      origin: typeof origin === 'function' ? origin(this.#line) : (origin ?? null),
    });
    if (this.#rules > MAX_RULES) throw new SyntaxFault(1, 'too many rules', `at most ${MAX_RULES} (MAX_RULES)`);
  }

  /** Takes down what a rule of a save has counted; every line of a save with counters has some. */
  #count(table: string, chain: string, counters: string): void {
    const key = `${table}:${chain}`;
    const index = (this.#appended.get(key) ?? 0) + 1;
    this.#appended.set(key, index);
    if (counters !== ZERO) this.#counters.set(`${key}:${index}`, counters);
  }

  #commit(): void {
    const editor = this.#open();
    this.#editor = null;
    checkTable(editor);
    this.#done[editor.name] = editor.done(!this.#isSave);
  }
}
