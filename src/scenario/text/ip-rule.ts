import type { RuleSpec } from '../../linux/ops/rules.ts';
import type { RuleAction } from '../../linux/route.ts';
import { parseCidr } from '../../wire/prefix.ts';
import { protoNumber } from '../../wire/proto.ts';
import { parseTable } from './ip-route.ts';
import { TextError, Words } from './words.ts';

const OPTIONS = 'from, to, iif, oif, fwmark, tos, ipproto, sport, dport, priority, lookup, goto, blackhole, unreachable or prohibit';

type Growing<T> = { -readonly [Key in keyof T]: T[Key] };

/** A policy rule as `ip rule add` takes it: `from 10.1.0.0/16 lookup 100 priority 1000`. @throws TextError */
export function parseRule(text: string): RuleSpec {
  const words = new Words(text);
  const rule: Growing<Partial<RuleSpec>> = {};
  while (!words.done) option(words, rule);
  const { action } = rule;
  if (action === undefined) throw new TextError('the rule has no action', 'lookup TABLE');
  return { ...rule, action };
}

function option(words: Words, rule: Growing<Partial<RuleSpec>>): void {
  const word = words.take(OPTIONS);
  switch (word) {
    case 'not':
      rule.not = true;
      return;
    case 'from':
    case 'to': {
      const prefix = words.as((text) => (text === 'all' ? 'all' : parseCidr(text)), 'a prefix or all');
      rule[word] = prefix === 'all' ? null : prefix;
      return;
    }
    case 'iif':
    case 'oif':
      rule[word] = words.take('a device');
      return;
    case 'fwmark':
      rule.fwmark = words.as(parseMark, 'MARK or MARK/MASK');
      return;
    case 'tos':
    case 'dsfield':
      rule.tos = words.number('a number');
      return;
    case 'ipproto':
      rule.ipproto = words.as(protoNumber, 'a protocol');
      return;
    case 'sport':
    case 'dport':
      rule[word] = words.as(parsePorts, 'PORT or PORT-PORT');
      return;
    case 'priority':
    case 'pref':
    case 'preference':
    case 'order':
      rule.priority = words.number('a priority');
      return;
    case 'suppress_prefixlength':
      rule.suppressPrefixlength = words.number('a prefix length');
      return;
    default:
      rule.action = action(word, words);
  }
}

function action(word: string, words: Words): RuleAction {
  switch (word) {
    case 'lookup':
    case 'table':
      return { type: 'table', table: words.as(parseTable, 'a table: main, local, default or a number') };
    case 'goto':
      return { type: 'goto', priority: words.number('a priority') };
    case 'nop':
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      return { type: word };
    default:
      throw new TextError(`"${word}" is not modelled`, OPTIONS);
  }
}

function parseMark(text: string): { value: number; mask: number } | null {
  const [value = '', mask = '0xffffffff'] = text.split('/');
  const number = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i;
  if (!number.test(value) || !number.test(mask) || Number(value) > 0xffff_ffff || Number(mask) > 0xffff_ffff) return null;
  return { value: Number(value), mask: Number(mask) };
}

function parsePorts(text: string): { from: number; to: number } | null {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from >= 1 && from <= to && to <= 65_535 ? { from, to } : null;
}
