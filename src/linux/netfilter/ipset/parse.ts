import { type Ipv4, compareIpv4, ipv4, offsetIpv4, parseIpv4 } from '../../../wire/ipv4.ts';
import { parseMac } from '../../../wire/mac.ts';
import { lastAddress, mask, parseCidr, prefixOf } from '../../../wire/prefix.ts';
import { ICMP, protoNumber } from '../../../wire/proto.ts';
import { type TextFault, readLines } from '../read-lines.ts';
import { SyntaxFault, parseNumber } from '../syntax.ts';
import { type Word, splitWords } from '../words.ts';
import { IPSET_TYPES, type Ipset, type IpsetEntry, type IpsetPart, type IpsetType } from './ipset.ts';
import { DIMENSIONS, type Dimension } from './part.ts';
import { icmpByName } from './print.ts';

export type IpsetsResult =
  { readonly ok: true; readonly ipsets: readonly Ipset[] } | { readonly ok: false; readonly faults: readonly TextFault[] };

/** One `add` of a range makes at most this many entries. @source ipset IPSET_MAX_RANGE */
const MAX_RANGE = 65_536;
/** Of all sets of a text together. */
const MAX_ENTRIES = 2_000_000;
const MAX_SETS = 65_534;
const TCP = 6;

type Draft = { -readonly [K in keyof Ipset]: Ipset[K] } & { header: string[]; entries: IpsetEntry[] };

/**
 * Reads the output of `ipset save`.
 * @returns the sets in order, or up to 20 faults
 */
export function parseIpsetSave(text: string, file: string): IpsetsResult {
  const reader = new Reader();
  const faults = readLines(text, file, (line) => {
    if (line.trim() !== '' && !line.startsWith('#') && line.trimEnd() !== 'COMMIT') reader.line(splitWords(line));
  });
  return faults.length > 0 ? { ok: false, faults } : { ok: true, ipsets: [...reader.sets.values()] };
}

class Reader {
  readonly sets = new Map<string, Draft>();
  /** The lists that a set is in, to find lists of lists whichever comes first. */
  readonly #listed = new Set<string>();
  #entries = 0;

  line(words: readonly Word[]): void {
    const [command, name, element] = words;
    if (name === undefined || element === undefined || (command?.text !== 'create' && command?.text !== 'add')) {
      throw new SyntaxFault(1, 'this is no line of ipset save', 'create SET TYPE … or add SET ENTRY …');
    }
    if (command.text === 'create') this.#create(name, element, words.slice(3));
    else this.#add(name, element, words.slice(3));
  }

  #create(name: Word, type: Word, words: readonly Word[]): void {
    if (this.sets.has(name.text)) throw new SyntaxFault(name.col, `set ${name.text} a second time`, 'one create for each set');
    if (this.sets.size >= MAX_SETS) throw new SyntaxFault(1, 'too many sets', `at most ${MAX_SETS} (MAX_SETS)`);
    if (name.text.length > MAX_NAME) throw new SyntaxFault(name.col, 'the name of the set is too long', `at most ${MAX_NAME} characters`);
    const set = readCreate(name.text, type, words);
    if (set.type === 'list:set' && this.#listed.has(set.name)) throw listOfLists(name);
    this.sets.set(name.text, set);
  }

  #add(name: Word, element: Word, words: readonly Word[]): void {
    const set = this.sets.get(name.text);
    if (set === undefined) throw new SyntaxFault(name.col, `no set ${name.text}`, 'a set created before');
    const entries = readEntries(set, element, words);
    this.#entries += entries.length;
    if (this.#entries > MAX_ENTRIES) throw new SyntaxFault(element.col, 'too many entries', `at most ${MAX_ENTRIES} (MAX_ENTRIES)`);
    if (set.type === 'list:set') {
      if (this.sets.get(element.text)?.type === 'list:set') throw listOfLists(element);
      this.#listed.add(element.text);
    }
    for (const entry of entries) set.entries.push(entry);
  }
}

/** @source net/netfilter/ipset/ip_set_list_set.c list_set_uadd IPSET_ERR_LOOP */
function listOfLists(name: Word): SyntaxFault {
  return new SyntaxFault(name.col, `${name.text} is a list of sets inside a list of sets`, 'a set that is no list');
}

function isType(text: string): text is IpsetType {
  return IPSET_TYPES.some((type) => type === text);
}

function readCreate(name: string, type: Word, words: readonly Word[]): Draft {
  if (!isType(type.text)) throw new SyntaxFault(type.col, `${type.text} is not a modelled set type`, IPSET_TYPES.join(', '));
  const set: Draft = {
    name,
    type: type.text,
    family: 'inet',
    timeoutSeconds: null,
    netmask: null,
    markmask: null,
    range: null,
    counters: false,
    comments: false,
    skbinfo: false,
    header: [],
    entries: [],
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === undefined) break;
    if (FLAGS.has(word.text)) {
      set.header.push(word.text);
      if (word.text === 'counters') set.counters = true;
      else if (word.text === 'comment') set.comments = true;
      else if (word.text === 'skbinfo') set.skbinfo = true;
      continue;
    }
    const value = words[++i];
    if (value === undefined) throw new SyntaxFault(word.col, `${word.text} ends the line`, 'a value');
    set.header.push(`${word.text} ${value.text}`);
    readHeader(set, word, value);
  }
  return set;
}

/** @source include/uapi/linux/netfilter/ipset/ip_set.h IPSET_MAXNAMELEN */
const MAX_NAME = 31;

const FLAGS: ReadonlySet<string> = new Set(['counters', 'comment', 'skbinfo', 'forceadd']);

function readHeader(set: Draft, option: Word, value: Word): void {
  const number = parseNumber(value.text);
  switch (option.text) {
    case 'family':
      if (value.text !== 'inet' && value.text !== 'inet6') throw new SyntaxFault(value.col, `${value.text} is no family`, 'inet or inet6');
      set.family = value.text;
      return;
    case 'timeout':
      set.timeoutSeconds = need(number, value, 'seconds');
      return;
    case 'netmask':
      if (number === null || number < 1 || number > (set.family === 'inet' ? 32 : 128))
        throw new SyntaxFault(value.col, `${value.text} cannot be read`, 'a prefix length');
      set.netmask = number;
      return;
    case 'markmask':
      set.markmask = need(number, value, 'a mark') | 0;
      return;
    case 'range': {
      const [low = '', high = low] = value.text.split('-');
      set.range = { from: rangeEnd(low, value, false), to: rangeEnd(high === low && low.includes('/') ? low : high, value, true) };
      return;
    }
    case 'hashsize':
    case 'maxelem':
    case 'bucketsize':
    case 'initval':
    case 'size':
    case 'bitmask':
    case 'probes':
    case 'resize':
      return;
    default:
      throw new SyntaxFault(option.col, `${option.text} is not known`, 'an option of create');
  }
}

function need<T>(number: T | null, word: Word, expected: string): T {
  if (number === null) throw new SyntaxFault(word.col, `${word.text} cannot be read`, expected);
  return number;
}

function rangeEnd(text: string, word: Word, isLast: boolean): number {
  const cidr = parseCidr(text);
  if (cidr !== null) {
    const prefix = prefixOf(cidr.addr, cidr.len);
    return (isLast ? lastAddress(prefix) : prefix.addr) >>> 0;
  }
  return need(parseNumber(text, 65535), word, 'first-last');
}

function readEntries(set: Draft, element: Word, words: readonly Word[]): IpsetEntry[] {
  let timeoutSeconds = set.timeoutSeconds;
  let nomatch = false;
  let comment: string | null = null;
  const counted: string[] = [];
  const skbinfo: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === undefined) break;
    if (word.text === 'nomatch') {
      nomatch = true;
      continue;
    }
    const value = words[++i];
    if (value === undefined) throw new SyntaxFault(word.col, `${word.text} ends the line`, 'a value');
    if (word.text === 'timeout') timeoutSeconds = need(parseNumber(value.text), value, 'seconds');
    else if (word.text === 'comment') comment = value.text;
    else if (word.text === 'packets' || word.text === 'bytes')
      counted.push(`${word.text} ${need(parseCount(value.text), value, 'a number')}`);
    else if (SKB_OPTIONS.test(`${word.text} ${value.text}`)) skbinfo.push(`${word.text} ${value.text}`);
    else if (word.text !== 'before' && word.text !== 'after')
      throw new SyntaxFault(word.col, `${word.text} is not known`, 'an option of add');
  }
  const extra = {
    ...(counted.some((text) => !text.endsWith(' 0')) ? { counted: counted.join(' ') } : {}),
    ...(skbinfo.length === 0 ? {} : { skbinfo: skbinfo.join(' ') }),
  };
  return readParts(set, element).map((parts) => ({ parts, nomatch, timeoutSeconds, comment, ...extra }));
}

/** @source ipset(8), generic add options */
const SKB_OPTIONS = /^(?:skbmark 0x[0-9a-f]{1,8}(?:\/0x[0-9a-f]{1,8})?|skbprio [0-9a-f]{1,4}:[0-9a-f]{1,4}|skbqueue \d{1,5})$/i;

/** A count of 64 bits keeps its digits. */
function parseCount(text: string): string | null {
  return /^\d{1,20}$/.test(text) ? text : null;
}

/** The entries that one element text stands for: ranges stand for several. */
function readParts(set: Draft, element: Word): IpsetPart[][] {
  if (set.family === 'inet6') return [[{ k: 'text', text: element.text }]];
  const texts = element.text.split(',');
  const dimensions = DIMENSIONS[set.type];
  if (texts.length < dimensions.length && !(set.type === 'bitmap:ip,mac' && texts.length === 1)) {
    throw new SyntaxFault(element.col, `${element.text} is no entry of a ${set.type} set`, dimensions.join(','));
  }
  let entries: IpsetPart[][] = [[]];
  dimensions.forEach((dimension, i) => {
    const text = texts[i];
    if (text === undefined) return;
    const parts = readPart(set, dimension, text, element);
    if (entries.length * parts.length > MAX_RANGE)
      throw new SyntaxFault(element.col, 'the range is too large', `at most ${MAX_RANGE} entries`);
    entries = entries.flatMap((entry) => parts.map((part) => [...entry, part]));
  });
  return entries;
}

function readPart(set: Draft, dimension: Dimension, text: string, element: Word): IpsetPart[] {
  const parts = PARTS[dimension](text, set);
  if (parts === null || parts.length === 0) throw new SyntaxFault(element.col, `${text} cannot be read`, EXPECTED[dimension]);
  return parts;
}

const EXPECTED: Readonly<Record<Dimension, string>> = {
  ip: 'an IPv4 address or range',
  net: 'an IPv4 network or range',
  port: 'protocol:port, e.g. tcp:80',
  mac: 'an Ethernet address',
  iface: 'an interface name',
  mark: 'a mark',
  set: 'the name of a set',
};

const PARTS: Readonly<Record<Dimension, (text: string, set: Draft) => IpsetPart[] | null>> = {
  ip: readIps,
  net: readNets,
  port: (text, set) => readPorts(text, set.type === 'bitmap:port'),
  mac: (text) => {
    const mac = parseMac(text);
    return mac === null ? null : [{ k: 'mac', mac }];
  },
  iface: (text) =>
    text.startsWith('physdev:') ? [{ k: 'iface', name: text.slice(8), physdev: true }] : [{ k: 'iface', name: text, physdev: false }],
  mark: (text) => {
    const mark = parseNumber(text);
    return mark === null ? null : [{ k: 'mark', mark: mark | 0 }];
  },
  set: (text) => [{ k: 'set', name: text }],
};

function readIps(text: string, set: Draft): IpsetPart[] | null {
  const span = readSpan(text);
  if (span === null) return null;
  const step = set.netmask === null ? 1 : 2 ** (32 - set.netmask);
  const first = set.netmask === null ? span.from : ipv4(span.from & mask(set.netmask));
  const parts: IpsetPart[] = [];
  const count = Math.floor(compareIpv4(span.to, first) / step) + 1;
  if (count > MAX_RANGE) return null;
  for (let i = 0; i < count; i++) parts.push({ k: 'ip', addr: offsetIpv4(first, i * step) });
  return parts;
}

function readSpan(text: string): { from: Ipv4; to: Ipv4 } | null {
  const cidr = parseCidr(text);
  if (cidr !== null) {
    const prefix = prefixOf(cidr.addr, cidr.len);
    return { from: prefix.addr, to: lastAddress(prefix) };
  }
  const [low = '', high = ''] = text.split('-');
  const from = parseIpv4(low);
  const to = parseIpv4(high);
  return from === null || to === null || compareIpv4(from, to) > 0 ? null : { from, to };
}

/** A network, or the fewest networks that make up a range. */
function readNets(text: string): IpsetPart[] | null {
  const cidr = parseCidr(text);
  if (cidr !== null) return cidr.len === 0 ? halves() : [{ k: 'net', ...prefixOf(cidr.addr, cidr.len) }];
  const span = readSpan(text);
  if (span === null) return null;
  const parts: IpsetPart[] = [];
  const last = span.to >>> 0;
  for (let at = span.from >>> 0; at <= last;) {
    let len = at === 0 ? 1 : 32 - Math.min(31, 31 - Math.clz32(at & -at));
    while (len < 32 && at + 2 ** (32 - len) - 1 > last) len++;
    parts.push({ k: 'net', addr: ipv4(at), len });
    at += 2 ** (32 - len);
  }
  return parts;
}

/** The kernel's hash sets have no entry of length 0. */
function halves(): IpsetPart[] {
  return [
    { k: 'net', addr: ipv4(0), len: 1 },
    { k: 'net', addr: ipv4(0x8000_0000), len: 1 },
  ];
}

function readPorts(text: string, isBare: boolean): IpsetPart[] | null {
  const colon = text.indexOf(':');
  const proto = isBare ? 0 : colon < 0 ? TCP : protoNumber(text.slice(0, colon));
  const ports = isBare ? text : text.slice(colon + 1);
  if (proto === null) return null;
  if (proto === ICMP) {
    const named = icmpByName(ports);
    const [type = '', code = ''] = ports.split('/');
    const number = named ?? (/^\d+$/.test(type) && /^\d+$/.test(code) ? (Number(type) << 8) | Number(code) : null);
    return number === null ? null : [{ k: 'port', proto, port: number }];
  }
  const [low = '', high = low] = ports.split('-');
  const first = parseNumber(low, 65535);
  const last = parseNumber(high, 65535);
  if (first === null || last === null || first > last) return null;
  return Array.from({ length: last - first + 1 }, (_, i) => ({ k: 'port', proto, port: first + i }));
}
