import type { Field } from '../../kube/objects/field.ts';
import type { PolicyRule, RuleAction } from '../../linux/route.ts';
import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { prefixOf } from '../../wire/prefix.ts';
import { protoNumber } from '../../wire/proto.ts';
import { type IprouteNames, nameOf, namedNumber } from './names.ts';
import { deviceOf, numberOf, prefixOfDump, UINT32_MAX } from './scalar.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

export interface RuleDump {
  readonly rules: readonly PolicyRule[];
  /** Rules with parts that are not modelled, as texts. */
  readonly unmodelled: readonly string[];
}

const UNMODELLED = [
  'l3mdev',
  'tun_id',
  'flow_from',
  'flow_to',
  'nat_gateway',
  'masquerade',
  'dscp',
  'flowlabel',
  'sport_mask',
  'dport_mask',
];

/** The policy rules of `ip -j rule show`, in ascending priority. @source iproute2 ip/iprule.c print_rule */
export function readRules(rows: readonly Field[], names: IprouteNames): RuleDump {
  const rules: PolicyRule[] = [];
  const unmodelled: string[] = [];
  for (const row of rows) {
    const priority = row.get('priority').required('a priority').int(0, UINT32_MAX) ?? 0;
    const action = readAction(row, names);
    for (const key of UNMODELLED) {
      if (has(row, key)) unmodelled.push(`policy rule ${priority}: ${key} is not modelled`);
    }
    if (action === null) continue;
    rules.push({
      priority,
      not: has(row, 'not'),
      from: selector(row, 'src'),
      to: selector(row, 'dst'),
      iif: deviceOf(row.get('iif')),
      oif: deviceOf(row.get('oif')),
      fwmark: fwmark(row),
      tos: namedNumber(row.get('tos'), names.dsfield, 0xff, 'a type of service') ?? 0,
      ipproto: ipproto(row.get('ipproto')),
      sport: ports(row, 'sport'),
      dport: ports(row, 'dport'),
      uidrange: range(row.get('uid_start'), row.get('uid_end'), UINT32_MAX),
      suppressPrefixlength: row.get('suppress_prefixlen').int(0, 128),
      suppressIfgroup: namedNumber(row.get('suppress_ifgroup'), names.groups, UINT32_MAX, 'an interface group'),
      action,
      protocol: nameOf(row.get('protocol'), names.protocols, 'kernel'),
    });
  }
  return { rules: rules.sort((a, b) => a.priority - b.priority), unmodelled };
}

/** `"not": null` is how iproute2 writes a flag: the key counts, not its value. */
function has(row: Field, key: string): boolean {
  return typeof row.value === 'object' && row.value !== null && Object.hasOwn(row.value, key);
}

function readAction(row: Field, names: IprouteNames): RuleAction | null {
  if (has(row, 'goto')) {
    const target = row.get('goto');
    // A target that does not exist is printed as "none": the kernel goes on with the next rule.
    return target.value === 'none' ? { type: 'nop' } : { type: 'goto', priority: target.int(0, UINT32_MAX) ?? 0 };
  }
  if (has(row, 'nop')) return { type: 'nop' };
  const action = row.get('action');
  if (action.present) {
    const type = action.oneOf(['to_tbl', 'lookup', 'nop', 'blackhole', 'unreachable', 'prohibit', 'goto'], 'nop');
    if (type !== 'to_tbl' && type !== 'lookup') return type === 'goto' ? { type: 'nop' } : { type };
  }
  const table = row.get('table');
  if (!table.present) {
    // The table of an l3mdev rule is that of the device; such rules are named as not modelled.
    if (!has(row, 'l3mdev')) row.fail('this policy rule does nothing', 'a table or an action');
    return null;
  }
  const number = namedNumber(table, names.tables, UINT32_MAX, 'a routing table');
  return number === null ? null : { type: 'table', table: number };
}

function selector(row: Field, key: 'src' | 'dst'): { addr: Ipv4; len: number } | null {
  const field = row.get(key);
  if (!field.present || field.value === 'all') return null;
  const len = row.get(`${key}len`).int(0, 32);
  const parsed = field.value === '0' ? { addr: ANY, len: 32 } : prefixOfDump(field);
  return parsed === null ? null : prefixOf(parsed.addr, len ?? parsed.len);
}

function fwmark(row: Field): PolicyRule['fwmark'] {
  const value = numberOf(row.get('fwmark'), 0, UINT32_MAX);
  const mask = numberOf(row.get('fwmask'), 0, UINT32_MAX);
  return value === null && mask === null ? null : { value: value ?? 0, mask: mask ?? UINT32_MAX };
}

function ipproto(field: Field): number | null {
  return typeof field.value === 'string' ? field.parsed(protoNumber, 'an IP protocol') : field.int(0, 255);
}

function ports(row: Field, key: 'sport' | 'dport'): Range | null {
  const one = numberOf(row.get(key), 0, 0xffff);
  return one === null ? range(row.get(`${key}_start`), row.get(`${key}_end`), 0xffff) : { from: one, to: one };
}

function range(start: Field, end: Field, max: number): Range | null {
  const from = start.int(0, max);
  const to = end.int(0, max);
  return from === null || to === null ? null : { from, to };
}
