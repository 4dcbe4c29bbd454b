import type { Considered } from '../../trace/trace.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import type { PolicyRule, Route } from '../route.ts';
import type { Skb } from '../skb.ts';
import { OK } from './errno.ts';
import type { FibRoute } from './fib-route.ts';
import { type FibRule, type Mismatch, ruleMismatch } from './fib-rule.ts';
import { type FibLookupTable, TOS_MASK } from './fib-table.ts';
import { Flow } from './flow.ts';
import { fibLookup } from './lookup.ts';
import { setInputKey } from './route-input.ts';

/** At most this many near misses: the nearest prefixes come first. */
const MAX_ROUTES = 8;

/**
 * What a look-up passed over on its way to an answer: policy rules that did not match or led nowhere, and the routes that would have
 * served had the better one not been there. For a detailed trace only.
 * @param flow the key of the look-up; what it found is overwritten with the same answer
 */
export function explainLookup(netns: CompiledNetns, flow: Flow): Considered[] {
  fibLookup(netns, flow);
  const { rules, merged, fallback } = netns.fib;
  const chosen = flow.route;
  if (rules === null) return losers([merged, fallback], chosen, flow);
  const considered: Considered[] = [];
  const answering = rules.findIndex(({ rule }) => rule === flow.rule);
  for (const rule of answering < 0 ? rules : rules.slice(0, answering)) considered.push(passedOver(netns, rule, flow, chosen));
  const action = flow.rule?.action;
  const tables = action?.type === 'table' ? [netns.fib.tables.get(action.table) ?? null] : [];
  return [...considered, ...losers(tables, chosen, flow)];
}

/** What the look-up for a packet that came in by a device passed over; see {@link explainLookup}. */
export function explainInput(netns: CompiledNetns, skb: Skb, device: Device): Considered[] {
  return explainLookup(netns, setInputKey(new Flow(), netns, skb, device));
}

function passedOver(netns: CompiledNetns, rule: FibRule, flow: Flow, chosen: FibRoute | null): Considered {
  const mismatch = ruleMismatch(rule, flow);
  const what = `ip rule ${ruleText(rule.rule)}`;
  if (mismatch !== null) return { what, why: mismatchText(mismatch, rule.rule, flow) };
  const { action } = rule.rule;
  if (action.type !== 'table') return { what, why: 'it only leads on to later rules' };
  const { route, nexthop } = flow;
  const found = netns.fib.tables.get(action.table)?.lookup(flow) === OK ? flow.route : null;
  flow.route = route;
  flow.nexthop = nexthop;
  if (found === null || found === chosen) return { what, why: `table ${tableName(action.table)} has no route to ${formatIpv4(flow.dst)}` };
  return { what, why: `suppress_prefixlength ${rule.rule.suppressPrefixlength} passes over ${routeText(found.route)}` };
}

function losers(tables: readonly (FibLookupTable | null)[], chosen: FibRoute | null, flow: Flow): Considered[] {
  const candidates = tables.flatMap((table) => table?.candidates(flow.dst) ?? []).filter((route) => route !== chosen);
  return candidates
    .slice(0, MAX_ROUTES)
    .map((route) => ({ what: `route ${routeText(route.route)} (table ${tableName(route.table)})`, why: lossText(route, chosen, flow) }));
}

function lossText(route: FibRoute, chosen: FibRoute | null, flow: Flow): string {
  if (route.tos !== 0 && route.tos !== (flow.tos & TOS_MASK)) return `it is for TOS 0x${route.tos.toString(16)}`;
  if (route.scope < flow.scope) return `its scope ${route.route.scope} is too wide`;
  if (route.error === OK) {
    if (route.nexthops.every(({ dead }) => dead)) return 'every device it leaves by is down';
    if (route.nexthops.every(({ dead, ignored }) => dead || ignored))
      return 'its link has no carrier, and ignore_routes_with_linkdown is set';
    if (flow.oif !== null && route.nexthops.every(({ device }) => device !== flow.oif)) return `it does not leave by ${flow.oif.name}`;
  }
  if (chosen === null) return 'an earlier rule or table answered';
  if (chosen.len > route.len) return `the longer prefix /${chosen.len} decides`;
  if (chosen.table > route.table) return `table ${tableName(chosen.table)} comes first`;
  if (chosen.tos > route.tos) return 'the route for this TOS comes first';
  return chosen.metric < route.metric ? `metric ${route.metric} loses to ${chosen.metric}` : 'an equal route was there before it';
}

function mismatchText(mismatch: Mismatch, rule: PolicyRule, flow: Flow): string {
  switch (mismatch) {
    case 'from':
      return `the source is ${formatIpv4(flow.src)}`;
    case 'to':
      return `the destination is ${formatIpv4(flow.dst)}`;
    case 'iif':
      return `it came in by ${flow.iif?.name ?? 'lo (made here)'}`;
    case 'oif':
      return flow.oif === null ? 'no device was asked for' : `${flow.oif.name} was asked for`;
    case 'fwmark':
      return `the mark is 0x${(flow.mark >>> 0).toString(16)}`;
    case 'tos':
      return `the TOS is 0x${flow.tos.toString(16)}`;
    case 'ipproto':
      return `the protocol is ${flow.proto}`;
    case 'sport':
      return `the source port is ${flow.sport}`;
    case 'dport':
      return `the destination port is ${flow.dport}`;
    case 'uidrange':
      return `the user is ${flow.uid}`;
    case 'not':
      return 'its selectors match, and it says not';
    case 'unknown':
      return `it selects users ${rule.uidrange?.from}-${rule.uidrange?.to}, and who sends is not known`;
  }
}

function ruleText(rule: PolicyRule): string {
  const words = [`${rule.priority}:`];
  if (rule.not) words.push('not');
  words.push(`from ${rule.from === null ? 'all' : formatPrefix(rule.from)}`);
  if (rule.to !== null) words.push(`to ${formatPrefix(rule.to)}`);
  if (rule.fwmark !== null) words.push(`fwmark 0x${(rule.fwmark.value >>> 0).toString(16)}`);
  if (rule.iif !== null) words.push(`iif ${rule.iif}`);
  if (rule.oif !== null) words.push(`oif ${rule.oif}`);
  const { action } = rule;
  words.push(action.type === 'table' ? `lookup ${tableName(action.table)}` : action.type);
  return words.join(' ');
}

function routeText(route: Route): string {
  const words = [route.len === 0 ? 'default' : formatPrefix({ addr: route.dst, len: route.len })];
  if (route.type !== 'unicast') words.unshift(route.type);
  for (const { via, dev } of route.nexthops) {
    if (via !== null) words.push(`via ${formatIpv4(via)}`);
    if (dev !== null) words.push(`dev ${dev}`);
  }
  if (route.metric !== 0) words.push(`metric ${route.metric}`);
  return words.join(' ');
}

/** `main`, `local`, `default`, or the number. */
export function tableName(table: number): string {
  switch (table) {
    case 253:
      return 'default';
    case 254:
      return 'main';
    case 255:
      return 'local';
    default:
      return String(table);
  }
}
