import { protoNumber } from '../../wire/proto.ts';
import { didYouMean } from '../../wire/suggest.ts';
import { type Draft, becomesText, isModelled, matchOf, targetOf } from './extension-draft.ts';
import { Interner, intern } from './intern.ts';
import { parseInterface } from './interface.ts';
import type { Match } from './match/match.ts';
import { MATCHES } from './match/registry.ts';
import { UNMODELLED_MATCHES } from './match/unmodelled.ts';
import type { AddressSelector, InterfaceSelector, ProtocolSelector, Rule, TableName } from './rule.ts';
import { type OptionSpec, type OptionTable, SyntaxFault, parseMasked, quoteKept } from './syntax.ts';
import { TARGETS } from './target/registry.ts';
import type { Target } from './target/target.ts';
import { UNMODELLED_TARGETS } from './target/unmodelled.ts';
import { type Word, splitWords } from './words.ts';

/** An address list (`-s a,b`) makes a rule of every combination, up to this many. */
const MAX_EXPANSION = 256;

/** What reading a rule depends on besides its words. */
export interface RuleContext {
  /** null: not known, so not checked. */
  readonly table: TableName | null;
  /** Unknown matches and targets are kept as text. */
  readonly lenient: boolean;
  readonly interner: Interner;
  /** Whether a jump may lead there; null: anything goes. */
  readonly isChain: ((name: string) => boolean) | null;
}

/**
 * Reads one rule specification: what stands after `-A CHAIN`. A name after `-j` that is no target is a chain.
 * @throws SyntaxFault
 */
export function parseRule(args: string, origin: string | null, interner: Interner = new Interner()): Rule {
  const [rule, another] = readRules(splitWords(args), 0, { table: null, lenient: false, interner, isChain: null });
  if (rule === undefined || another !== undefined) throw new SyntaxFault(1, 'several rules in one', 'one address after -s and -d');
  if (origin === null) return rule;
  // Written out, not spread: a spread copy gets a hidden class of its own when it is frozen (V8), and there are many rules.
  const { src, dst, in: input, out, proto, fragment, matches, target } = rule;
  return { src, dst, in: input, out, proto, fragment, matches, target, origin };
}

/** Matches that the kernel's tool loads by itself after -p. */
const PROTOCOL_MATCHES = ['tcp', 'udp', 'sctp', 'icmp'] as const;

const BASE_OPTIONS: ReadonlyMap<string, 's' | 'd' | 'i' | 'o' | 'p' | 'f' | 'm' | 'j' | 'g' | 'c' | '4'> = new Map([
  ['-s', 's'],
  ['--source', 's'],
  ['--src', 's'],
  ['-d', 'd'],
  ['--destination', 'd'],
  ['--dst', 'd'],
  ['-i', 'i'],
  ['--in-interface', 'i'],
  ['-o', 'o'],
  ['--out-interface', 'o'],
  ['-p', 'p'],
  ['--protocol', 'p'],
  ['--proto', 'p'],
  ['-f', 'f'],
  ['--fragment', 'f'],
  ['--fragments', 'f'],
  ['-m', 'm'],
  ['--match', 'm'],
  ['-j', 'j'],
  ['--jump', 'j'],
  ['-g', 'g'],
  ['--goto', 'g'],
  ['-c', 'c'],
  ['--set-counters', 'c'],
  ['-4', '4'],
  ['--ipv4', '4'],
]);

/** Reads the words from `from` on; several rules when an address option lists several addresses. @throws SyntaxFault */
export function readRules(words: readonly Word[], from: number, context: RuleContext): Rule[] {
  return new RuleReader(words, from, context).read();
}

class RuleReader {
  readonly #words: readonly Word[];
  readonly #context: RuleContext;
  #at: number;
  #not: Word | null = null;
  #src: readonly AddressSelector[] = NO_ADDRESS;
  #dst: readonly AddressSelector[] = NO_ADDRESS;
  #in: InterfaceSelector | null = null;
  #out: InterfaceSelector | null = null;
  #proto: ProtocolSelector | null = null;
  #fragment: Rule['fragment'] = 'none';
  readonly #drafts: Draft[] = [];
  #jump: Target | null = null;

  constructor(words: readonly Word[], from: number, context: RuleContext) {
    this.#words = words;
    this.#at = from;
    this.#context = context;
  }

  read(): Rule[] {
    for (;;) {
      const word = this.#words[this.#at];
      if (word === undefined) break;
      this.#at++;
      if (word.text === '!' && !word.quoted) {
        if (this.#not !== null) throw new SyntaxFault(word.col, 'a second ! in a row', 'an option');
        this.#not = word;
      } else {
        this.#option(word);
      }
    }
    if (this.#not !== null) throw new SyntaxFault(this.#not.col, 'nothing follows !', 'an option');
    return this.#rules();
  }

  #option(word: Word): void {
    const base = word.quoted ? undefined : BASE_OPTIONS.get(word.text);
    if (base === undefined) {
      this.#extensionOption(word);
      return;
    }
    switch (base) {
      case 's':
        this.#src = this.#addresses(word);
        return;
      case 'd':
        this.#dst = this.#addresses(word);
        return;
      case 'i':
        this.#in = this.#interface(word);
        return;
      case 'o':
        this.#out = this.#interface(word);
        return;
      case 'p':
        this.#proto = this.#protocol(word);
        return;
      case 'f':
        this.#fragment = this.#takeNot() ? 'not' : 'only';
        return;
      case 'm':
        this.#refuseNot(word);
        this.#openMatch(this.#value(word));
        return;
      case 'j':
      case 'g':
        this.#refuseNot(word);
        this.#target(this.#value(word), base === 'g');
        return;
      case 'c':
        this.#value(word);
        this.#value(word);
        return;
      case '4':
    }
  }

  /** The next word, which must exist. A `!` in front of it negates, as older versions wrote it. */
  #value(option: Word): Word {
    const word = this.#words[this.#at];
    if (word === undefined) throw new SyntaxFault(option.col, `${option.text} ends the line`, 'a value');
    this.#at++;
    if (word.text === '!' && !word.quoted && this.#not === null) {
      this.#not = word;
      return this.#value(option);
    }
    return word;
  }

  #takeNot(): boolean {
    const not = this.#not !== null;
    this.#not = null;
    return not;
  }

  #refuseNot(option: Word): void {
    if (this.#not !== null) throw new SyntaxFault(this.#not.col, `! cannot stand before ${option.text}`, 'an option that can be negated');
  }

  #addresses(option: Word): readonly AddressSelector[] {
    const word = this.#value(option);
    const not = this.#takeNot();
    const texts = word.text.split(',');
    if (not && texts.length > 1) throw new SyntaxFault(word.col, '! with several addresses', 'one address');
    const known = this.#context.interner.addresses;
    const selectors = texts.map((text) =>
      intern(known, not ? `!${text}` : text, () => {
        const masked = parseMasked(text, not);
        if (masked === null)
          throw new SyntaxFault(word.col, `${option.text} ${text} is no IPv4 address`, 'an address, optionally with /length or /netmask');
        return masked;
      }),
    );
    // A selector that holds for every packet is none.
    return selectors.length === 1 && selectors[0]?.mask === 0 && !not ? NO_ADDRESS : selectors;
  }

  #interface(option: Word): InterfaceSelector | null {
    const word = this.#value(option);
    const not = this.#takeNot();
    const selector = intern(this.#context.interner.interfaces, not ? `!${word.text}` : word.text, () =>
      parseInterface({ name: option.text, not, values: [word.text], col: option.col }),
    );
    return selector.name === '' && selector.prefix && !not ? null : selector;
  }

  #protocol(option: Word): ProtocolSelector | null {
    const word = this.#value(option);
    const not = this.#takeNot();
    if (word.text.toLowerCase() === 'all' || word.text === '0') {
      if (not) throw new SyntaxFault(word.col, '! -p all matches nothing', 'a protocol');
      return null;
    }
    return intern(this.#context.interner.protocols, not ? `!${word.text}` : word.text, () => {
      const proto = protoNumber(word.text);
      if (proto === null)
        throw new SyntaxFault(word.col, `-p ${word.text} is no protocol`, 'tcp, udp, icmp, sctp, another name or a number up to 255');
      return { proto, not };
    });
  }

  #openMatch(word: Word): void {
    const { text: name, col } = word;
    let options: OptionTable | null = null;
    if (isModelled(name)) options = MATCHES[name].options;
    else refuseOddName(word, '-m');
    if (options === null && !UNMODELLED_MATCHES.has(name) && !this.#context.lenient) {
      throw new SyntaxFault(
        col,
        `-m ${name} is not known`,
        `one of ${[...Object.keys(MATCHES), ...UNMODELLED_MATCHES]
          .filter((n) => n !== 'unmodelled')
          .sort()
          .join(', ')}`,
      );
    }
    this.#drafts.push({ kind: 'match', name, col, options, uses: [], text: [] });
  }

  #target(word: Word, isGoto: boolean): void {
    if (this.#jump !== null || this.#drafts.some(({ kind }) => kind === 'target'))
      throw new SyntaxFault(word.col, 'a second target', 'one -j or -g');
    const { text: name, col } = word;
    const module = isGoto ? undefined : TARGETS.get(name);
    if (module !== undefined) {
      if (this.#context.table !== null && module.tables.length > 0 && !module.tables.includes(this.#context.table)) {
        throw new SyntaxFault(col, `-j ${name} in table ${this.#context.table}`, `table ${module.tables.join(' or ')}`);
      }
      this.#drafts.push({ kind: 'target', name, col, options: module.options, uses: [], text: [] });
      return;
    }
    const { isChain, lenient } = this.#context;
    if (!isGoto && isChain !== null && !isChain(name)) refuseOddName(word, '-j');
    if (!isGoto && (UNMODELLED_TARGETS.has(name) || (lenient && isChain !== null && !isChain(name)))) {
      this.#drafts.push({ kind: 'target', name, col, options: null, uses: [], text: [] });
      return;
    }
    if (isChain !== null && !isChain(name))
      throw new SyntaxFault(col, `no chain or target called ${name}`, 'a chain of this table or a target');
    this.#jump = intern(this.#context.interner.targets, `${isGoto ? '-g' : '-j'} ${name}`, () => ({
      t: isGoto ? 'goto' : 'jump',
      chain: name,
    }));
  }

  /** An option of the extension loaded last that has it; the protocol's own match is loaded when only that has it. */
  #extensionOption(word: Word): void {
    const equals = word.text.indexOf('=');
    const name = word.text.startsWith('--') && equals > 0 ? word.text.slice(0, equals) : word.text;
    let found = this.#owner(name);
    if (found === null && this.#loadProtocol(name)) found = this.#owner(name);
    if (found !== null) {
      const inline = name === word.text ? null : { text: word.text.slice(equals + 1), col: word.col + equals + 1, quoted: true };
      this.#use(found.draft, found.spec, name, word, inline);
      return;
    }
    const last = this.#drafts.at(-1);
    if (last !== undefined && word.text.startsWith('-') && !word.quoted && becomesText(last, this.#context.lenient))
      this.#keepText(last, word);
    else
      throw new SyntaxFault(
        word.col,
        `${word.text} is not known here${didYouMean(name, this.#options())}`,
        last === undefined
          ? 'an option of a rule'
          : `an option of ${last.kind === 'match' ? '-m' : '-j'} ${last.name}, or another -m or -j`,
      );
  }

  /** The options that could stand here. */
  #options(): string[] {
    const proto = this.#proto;
    const ofProtocol = proto === null || proto.not ? [] : PROTOCOL_MATCHES.filter((name) => MATCHES[name].protos.includes(proto.proto));
    return [
      ...this.#drafts.flatMap(({ options }) => [...(options?.keys() ?? [])]),
      ...ofProtocol.flatMap((name) => [...MATCHES[name].options.keys()]),
      ...BASE_OPTIONS.keys(),
    ].filter((option) => option.startsWith('--'));
  }

  #owner(name: string): { draft: Draft; spec: OptionSpec } | null {
    for (let i = this.#drafts.length - 1; i >= 0; i--) {
      const draft = this.#drafts[i];
      const spec = draft?.options?.get(name);
      if (draft !== undefined && spec !== undefined) return { draft, spec };
    }
    return null;
  }

  #loadProtocol(option: string): boolean {
    const proto = this.#proto;
    if (proto === null || proto.not) return false;
    const name = PROTOCOL_MATCHES.find((n) => MATCHES[n].protos.includes(proto.proto) && MATCHES[n].options.has(option));
    if (name === undefined || this.#drafts.some((draft) => draft.name === name)) return false;
    this.#drafts.push({ kind: 'match', name, col: 0, options: MATCHES[name].options, uses: [], text: [] });
    return true;
  }

  #use(draft: Draft, spec: OptionSpec, name: string, word: Word, inline: Word | null): void {
    const values: string[] = [];
    for (let i = 0; i < spec.values; i++) values.push((i === 0 && inline !== null ? inline : this.#value(word)).text);
    const not = this.#not;
    if (not !== null && spec.not !== true) throw new SyntaxFault(not.col, `! cannot stand before ${name}`, 'an option that can be negated');
    this.#not = null;
    draft.uses.push({ name: spec.as ?? name, not: not !== null, values, col: word.col });
  }

  #keepText(draft: Draft, word: Word): void {
    const parts = [this.#takeNot() ? `! ${word.text}` : word.text];
    for (;;) {
      const next = this.#words[this.#at];
      if (next === undefined || (!next.quoted && (next.text === '!' || next.text.startsWith('-')))) break;
      parts.push(next.quoted ? quoteKept(next.text) : next.text);
      this.#at++;
    }
    draft.text.push(parts.join(' '));
  }

  #rules(): Rule[] {
    const matches: Match[] = [];
    let target: Target = this.#jump ?? NO_TARGET;
    for (const draft of this.#drafts) {
      if (draft.kind === 'match') matches.push(matchOf(draft, this.#proto, this.#context.interner));
      else target = targetOf(draft, this.#context.interner);
    }
    if (this.#src.length * this.#dst.length > MAX_EXPANSION)
      throw new SyntaxFault(1, 'too many addresses', `at most ${MAX_EXPANSION} combinations`);
    const list = matchList(matches, this.#context.interner);
    const rules: Rule[] = [];
    for (const src of this.#src.length === 0 ? [null] : this.#src) {
      for (const dst of this.#dst.length === 0 ? [null] : this.#dst) {
        rules.push({
          src,
          dst,
          in: this.#in,
          out: this.#out,
          proto: this.#proto,
          fragment: this.#fragment,
          matches: list,
          target,
          origin: null,
        });
      }
    }
    return rules;
  }
}

const NO_ADDRESS: readonly AddressSelector[] = [];
const NO_MATCHES: readonly Match[] = [];
const NO_TARGET: Target = { t: 'none' };

/** No extension is called so; as text it could not be read again. @source include/linux/netfilter/x_tables.h XT_EXTENSION_MAXNAMELEN */
function refuseOddName({ text, col }: Word, option: string): void {
  if (!/^[\w-]{1,28}$/.test(text) || text.startsWith('-'))
    throw new SyntaxFault(col, `${option} ${text} is no name`, 'a name of letters, digits, _ and -');
}

/** The matches as a list with no room to spare; a single match has one list for all rules. */
function matchList(matches: readonly Match[], { singles }: Interner): readonly Match[] {
  const [only, another] = matches;
  if (only === undefined) return NO_MATCHES;
  if (another !== undefined) return matches.slice();
  const list = singles.get(only) ?? [only];
  singles.set(only, list);
  return list;
}
