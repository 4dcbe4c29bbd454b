import type { PolicyRule } from '../linux/route.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatPrefix } from '../wire/prefix.ts';
import { protoName } from '../wire/proto.ts';
import { routingTableName } from './ip-route.ts';
import { type NetnsView, type Row, row } from './listing.ts';
import { policyRuleId } from './row-id.ts';

/** The policy rules as `ip rule` prints them. */
export function ruleRows({ netns }: NetnsView): readonly Row[] {
  const devices = new Set(netns.links.map(({ name }) => name));
  const priorities = new Set(netns.rules.map(({ priority }) => priority));
  const seen = new Map<number, number>();
  return netns.rules.map((rule) => {
    const nth = (seen.get(rule.priority) ?? 0) + 1;
    seen.set(rule.priority, nth);
    return row(ruleLine(rule, devices, priorities), policyRuleId(rule.priority, nth));
  });
}

/**
 * One policy rule.
 * @param devices those that exist: a rule for another one is detached
 * @param priorities of all rules: a `goto` elsewhere is unresolved
 * @source iproute2 6.1 ip/iprule.c print_rule
 */
function ruleLine(rule: PolicyRule, devices: ReadonlySet<string>, priorities: ReadonlySet<number>): string {
  const { fwmark, uidrange } = rule;
  return [
    `${rule.priority}:\t${rule.not ? 'not ' : ''}from ${rule.from === null ? 'all' : selector(rule.from)}`,
    ...(rule.to === null ? [] : [`to ${selector(rule.to)}`]),
    ...(rule.tos === 0 ? [] : [`tos ${hex(rule.tos)}`]),
    ...(fwmark === null ? [] : [`fwmark ${hex(fwmark.value)}${fwmark.mask >>> 0 === 0xffff_ffff ? '' : `/${hex(fwmark.mask)}`}`]),
    ...(rule.iif === null ? [] : [`iif ${rule.iif}${devices.has(rule.iif) ? '' : ' [detached]'}`]),
    ...(rule.oif === null ? [] : [`oif ${rule.oif}${devices.has(rule.oif) ? '' : ' [detached]'}`]),
    ...(uidrange === null ? [] : [`uidrange ${uidrange.from}-${uidrange.to}`]),
    ...(rule.ipproto === null ? [] : [`ipproto ${protoName(rule.ipproto)}`]),
    ...(rule.sport === null ? [] : [`sport ${span(rule.sport)}`]),
    ...(rule.dport === null ? [] : [`dport ${span(rule.dport)}`]),
    ...actionWords(rule, priorities),
    ...(rule.protocol === 'kernel' || rule.protocol === 'unspec' ? [] : [`proto ${rule.protocol}`]),
  ].join(' ');
}

function actionWords({ action, suppressPrefixlength, suppressIfgroup }: PolicyRule, priorities: ReadonlySet<number>): string[] {
  switch (action.type) {
    case 'table':
      return [
        `lookup ${routingTableName(action.table)}`,
        ...(suppressPrefixlength === null ? [] : [`suppress_prefixlength ${suppressPrefixlength}`]),
        ...(suppressIfgroup === null ? [] : [`suppress_ifgroup ${suppressIfgroup}`]),
      ];
    case 'goto':
      return [`goto ${action.priority}${priorities.has(action.priority) ? '' : ' [unresolved]'}`];
    case 'nop':
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      return [action.type];
  }
}

function selector({ addr, len }: NonNullable<PolicyRule['from']>): string {
  return len === 32 ? formatIpv4(addr) : formatPrefix({ addr, len });
}

function span({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
