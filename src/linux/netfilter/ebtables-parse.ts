import { parseMac } from '../../wire/mac.ts';
import { protoNumber } from '../../wire/proto.ts';
import type { EbArpMatch, EbChain, EbIpMatch, EbRule, EbTableName, EbTarget, Ebtables, MacSelector } from './ebtables.ts';
import { ARP_OPS, FULL_MASK, MAC_CLASSES, etherType } from './ebtables-names.ts';
import { parseInterface } from './interface.ts';
import { type TextFault, readLines } from './read-lines.ts';
import { type OptionUse, SyntaxFault, fault, hex, maskedOf, numberOf, options, parseNumber, portsOf, quoteKept, value } from './syntax.ts';
import { type Word, splitWords } from './words.ts';

export type EbtablesResult =
  { readonly ok: true; readonly tables: Ebtables } | { readonly ok: false; readonly faults: readonly TextFault[] };

const BUILTIN: Readonly<Record<EbTableName, readonly string[]>> = {
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'OUTPUT', 'POSTROUTING'],
  broute: ['BROUTING'],
};
const MAX_CHAINS = 100_000;
const MAX_RULES = 1_000_000;

type OpenChain = EbChain & { rules: EbRule[] };

/**
 * Reads the output of ebtables-save, of either back end.
 * @returns the tables, or up to 20 faults
 */
export function parseEbtablesSave(text: string, file: string): EbtablesResult {
  const opened: { readonly name: EbTableName; readonly chains: Map<string, OpenChain> }[] = [];
  let chains = 0;
  let rules = 0;
  const faults = readLines(text, file, (line) => {
    const table = opened.at(-1);
    if (line.startsWith('#') || line.trim() === '') return;
    if (line.startsWith('*')) {
      const name = tableName(line.slice(1).trim());
      if (opened.some((one) => one.name === name)) throw new SyntaxFault(1, `table ${name} a second time`, 'each table once');
      opened.push({ name, chains: new Map() });
    } else if (table === undefined) throw new SyntaxFault(1, 'a line outside a table', '*filter, *nat or *broute');
    else if (line.startsWith(':')) {
      if (++chains > MAX_CHAINS) throw new SyntaxFault(1, 'too many chains', `at most ${MAX_CHAINS} (MAX_CHAINS)`);
      const chain = readChain(line, table.name);
      if (table.chains.has(chain.name)) throw new SyntaxFault(2, `chain ${chain.name} a second time`, 'one line for each chain');
      table.chains.set(chain.name, chain);
    } else {
      if (++rules > MAX_RULES) throw new SyntaxFault(1, 'too many rules', `at most ${MAX_RULES} (MAX_RULES)`);
      readRule(line, table.chains);
    }
  });
  if (faults.length > 0) return { ok: false, faults };
  const tables: Ebtables = {};
  for (const { name, chains: inTable } of opened) tables[name] = { name, chains: [...inTable.values()] };
  return { ok: true, tables };
}

function tableName(name: string): EbTableName {
  if (name !== 'filter' && name !== 'nat' && name !== 'broute') throw new SyntaxFault(2, `no table ${name}`, 'filter, nat or broute');
  return name;
}

function readChain(line: string, table: EbTableName): OpenChain {
  const [name, policy] = splitWords(line, 1);
  if (name === undefined || (policy?.text !== 'ACCEPT' && policy?.text !== 'DROP' && policy?.text !== 'RETURN')) {
    throw new SyntaxFault(policy?.col ?? 1, 'a chain line without name or policy', ':CHAIN and ACCEPT, DROP or RETURN');
  }
  return { name: name.text, policy: policy.text, builtin: BUILTIN[table].includes(name.text), rules: [] };
}

function readRule(line: string, chains: ReadonlyMap<string, EbChain & { rules: EbRule[] }>): void {
  const words = splitWords(line);
  const [command, name] = words;
  const chain = name === undefined ? undefined : chains.get(name.text);
  if (command?.text !== '-A' || name === undefined) throw new SyntaxFault(1, 'this is no rule', '-A CHAIN');
  if (chain === undefined) throw new SyntaxFault(name.col, `no chain ${name.text}`, 'a chain of this table');
  chain.rules.push(new EbRuleReader(words, 2, chains).read());
}

const OPTIONS = options(
  ['-p', { values: 1, not: true }],
  ['-s', { values: 1, not: true }],
  ['-d', { values: 1, not: true }],
  ['-i', { values: 1, not: true }],
  ['-o', { values: 1, not: true }],
  ['--logical-in', { values: 1, not: true }],
  ['--logical-out', { values: 1, not: true }],
  ['--ip-src', { values: 1, not: true }],
  ['--ip-source', { values: 1, not: true, as: '--ip-src' }],
  ['--ip-dst', { values: 1, not: true }],
  ['--ip-destination', { values: 1, not: true, as: '--ip-dst' }],
  ['--ip-proto', { values: 1, not: true }],
  ['--ip-protocol', { values: 1, not: true, as: '--ip-proto' }],
  ['--ip-sport', { values: 1, not: true }],
  ['--ip-source-port', { values: 1, not: true, as: '--ip-sport' }],
  ['--ip-dport', { values: 1, not: true }],
  ['--ip-destination-port', { values: 1, not: true, as: '--ip-dport' }],
  ['--ip-tos', { values: 1, not: true }],
  ['--arp-op', { values: 1, not: true }],
  ['--arp-opcode', { values: 1, not: true, as: '--arp-op' }],
  ['--arp-ip-src', { values: 1, not: true }],
  ['--arp-ip-dst', { values: 1, not: true }],
  ['--arp-mac-src', { values: 1, not: true }],
  ['--arp-mac-dst', { values: 1, not: true }],
  ['--mark', { values: 1, not: true }],
  ['--pkttype-type', { values: 1, not: true }],
  ['-j', { values: 1 }],
  ['-c', { values: 2 }],
);

const NO_IP: EbIpMatch = { src: null, dst: null, proto: null, sport: null, dport: null, tos: null };
const NO_ARP: EbArpMatch = { op: null, ipSrc: null, ipDst: null, macSrc: null, macDst: null };
const WATCHER = /^--(?:log|nflog|ulog)/;

type Draft = { -readonly [K in keyof EbRule]: EbRule[K] } & { unmodelled: string[]; watchers: string[] };

class EbRuleReader {
  readonly #words: readonly Word[];
  readonly #chains: ReadonlyMap<string, unknown>;
  #at: number;
  readonly #rule: Draft = {
    proto: null,
    src: null,
    dst: null,
    in: null,
    out: null,
    logicalIn: null,
    logicalOut: null,
    ip: null,
    arp: null,
    mark: null,
    pkttype: null,
    unmodelled: [],
    watchers: [],
    target: { t: 'CONTINUE' },
    origin: null,
  };

  constructor(words: readonly Word[], from: number, chains: ReadonlyMap<string, unknown>) {
    this.#words = words;
    this.#at = from;
    this.#chains = chains;
  }

  read(): EbRule {
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      const spec = OPTIONS.get(word.text);
      if (spec === undefined || word.quoted) this.#keepText(word);
      else this.#apply(this.#use(word, spec.as ?? word.text, spec.values));
    }
    return this.#rule;
  }

  #next(): Word | undefined {
    return this.#words[this.#at++];
  }

  #use(word: Word, name: string, count: number): OptionUse {
    const values: string[] = [];
    let not = false;
    while (values.length < count) {
      const next = this.#next();
      if (next === undefined) throw new SyntaxFault(word.col, `${word.text} ends the line`, 'a value');
      if (next.text === '!' && !next.quoted) not = true;
      else values.push(next.text);
    }
    return { name, not, values, col: word.col };
  }

  #keepText(word: Word): void {
    if (!word.text.startsWith('-') || word.quoted) throw new SyntaxFault(word.col, `${word.text} is not known here`, 'an option');
    const parts = [word.text];
    for (
      let next = this.#words[this.#at];
      next !== undefined && (next.quoted || !next.text.startsWith('-'));
      next = this.#words[this.#at]
    ) {
      parts.push(next.quoted ? quoteKept(next.text) : next.text);
      this.#at++;
    }
    const { target } = this.#rule;
    const text = parts.join(' ');
    if (WATCHER.test(word.text)) this.#rule.watchers.push(text);
    else if (target.t === 'unmodelled') this.#rule.target = { ...target, text: target.text === '' ? text : `${target.text} ${text}` };
    else this.#rule.unmodelled.push(text);
  }

  #apply(use: OptionUse): void {
    const rule = this.#rule;
    switch (use.name) {
      case '-p':
        rule.proto = protoOf(use);
        return;
      case '-s':
        rule.src = macOf(use);
        return;
      case '-d':
        rule.dst = macOf(use);
        return;
      case '-i':
        rule.in = parseInterface(use);
        return;
      case '-o':
        rule.out = parseInterface(use);
        return;
      case '--logical-in':
        rule.logicalIn = parseInterface(use);
        return;
      case '--logical-out':
        rule.logicalOut = parseInterface(use);
        return;
      case '--mark':
        rule.mark = markOf(use);
        return;
      case '--pkttype-type':
        rule.pkttype = packetTypeOf(use);
        return;
      case '-j':
        rule.target = targetOf(value(use), this.#chains);
        return;
      case '-c':
        return;
      default:
        if (use.name.startsWith('--ip-')) rule.ip = withIp(rule.ip ?? NO_IP, use);
        else rule.arp = withArp(rule.arp ?? NO_ARP, use);
    }
  }
}

function protoOf(use: OptionUse): EbRule['proto'] {
  const type = etherType(value(use));
  if (type === null) throw fault(use, 'IPv4, ARP, IPv6, another name or a number');
  return { type, not: use.not };
}

function macOf(use: OptionUse): MacSelector {
  const text = value(use);
  const named = MAC_CLASSES.find(([name]) => name.toLowerCase() === text.toLowerCase());
  if (named !== undefined) return { mac: named[1], mask: named[2], not: use.not };
  const [address = '', mask = FULL_MASK] = text.split('/');
  const parsed = parseMac(address);
  const parsedMask = parseMac(mask);
  if (parsed === null || parsedMask === null) throw fault(use, 'an Ethernet address, optionally with /mask');
  return { mac: parsed, mask: parsedMask, not: use.not };
}

function markOf(use: OptionUse): EbRule['mark'] {
  const [mark = '', mask = '0xffffffff'] = value(use).split('/');
  const number = parseNumber(mark);
  const bits = parseNumber(mask);
  if (number === null || bits === null) throw fault(use, `a mark, e.g. ${hex(1)}/${hex(1)}`);
  return { value: number | 0, mask: bits | 0, not: use.not };
}

function packetTypeOf(use: OptionUse): EbRule['pkttype'] {
  const type = value(use).toLowerCase();
  if (type !== 'host' && type !== 'broadcast' && type !== 'multicast' && type !== 'otherhost') {
    throw fault(use, 'host, broadcast, multicast or otherhost');
  }
  return { type, not: use.not };
}

function withIp(match: EbIpMatch, use: OptionUse): EbIpMatch {
  switch (use.name) {
    case '--ip-src':
      return { ...match, src: maskedOf(use) };
    case '--ip-dst':
      return { ...match, dst: maskedOf(use) };
    case '--ip-sport':
      return { ...match, sport: portsOf(use) };
    case '--ip-dport':
      return { ...match, dport: portsOf(use) };
    case '--ip-tos': {
      const tos = /^(?:0x)?[0-9a-f]{1,2}$/i.test(value(use)) ? Number.parseInt(value(use), 16) : null;
      if (tos === null) throw fault(use, 'a type of service in hexadecimal');
      return { ...match, tos: { tos, not: use.not } };
    }
    default: {
      const proto = protoNumber(value(use));
      if (proto === null) throw fault(use, 'a protocol name or number');
      return { ...match, proto: { proto, not: use.not } };
    }
  }
}

function withArp(match: EbArpMatch, use: OptionUse): EbArpMatch {
  switch (use.name) {
    case '--arp-ip-src':
      return { ...match, ipSrc: maskedOf(use) };
    case '--arp-ip-dst':
      return { ...match, ipDst: maskedOf(use) };
    case '--arp-mac-src':
      return { ...match, macSrc: macOf(use) };
    case '--arp-mac-dst':
      return { ...match, macDst: macOf(use) };
    default: {
      const named = ARP_OPS.findIndex((name) => name.toLowerCase() === value(use).toLowerCase()) + 1;
      const op = named > 0 ? named : numberOf(use, 65535, 1);
      return { ...match, op: { min: op, max: op, not: use.not } };
    }
  }
}

function targetOf(name: string, chains: ReadonlyMap<string, unknown>): EbTarget {
  if (name === 'ACCEPT' || name === 'DROP' || name === 'CONTINUE' || name === 'RETURN') return { t: name };
  return chains.has(name) ? { t: 'jump', chain: name } : { t: 'unmodelled', module: name, text: '' };
}
