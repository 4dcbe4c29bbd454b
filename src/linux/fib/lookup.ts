import type { CompiledNetns } from '../compiled-netns.ts';
import { EACCES, EAGAIN, EINVAL, ENETUNREACH, OK, UNMODELLED } from './errno.ts';
import { type FibRule, ruleMismatch } from './fib-rule.ts';
import type { Flow } from './flow.ts';

/**
 * Looks a flow up in the rules and tables of a namespace. Allocates nothing.
 * @returns 0 with `flow.route` and `flow.nexthop`; an errno (`flow.route` says which route refused, `flow.rule` which rule); or
 * UNMODELLED with `flow.unmodelled`.
 * @source include/net/ip_fib.h fib_lookup, net/ipv4/fib_rules.c __fib_lookup
 */
export function fibLookup(netns: CompiledNetns, flow: Flow): number {
  const { rules, merged, fallback } = netns.fib;
  flow.rule = null;
  if (rules !== null) return walkRules(netns, rules, flow);
  let error = merged === null ? ENETUNREACH : merged.lookup(flow);
  if (error === OK) return OK;
  // The kernel asks table default after any failure, even after a refusal.
  if (fallback !== null) error = fallback.lookup(flow);
  return error === EAGAIN ? ENETUNREACH : error;
}

/** @source net/core/fib_rules.c fib_rules_lookup */
function walkRules(netns: CompiledNetns, rules: readonly FibRule[], flow: Flow): number {
  flow.route = null;
  flow.nexthop = null;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (rule === undefined) break;
    const mismatch = ruleMismatch(rule, flow);
    if (mismatch === 'unknown') {
      flow.rule = rule.rule;
      flow.unmodelled = 'a rule selects by user (uidrange), and who sends is not known';
      return UNMODELLED;
    }
    if (mismatch !== null) continue;
    const { action } = rule.rule;
    let error: number;
    switch (action.type) {
      case 'nop':
        continue;
      case 'goto':
        // Only forwards, as the kernel takes it: a jump back would never end.
        if (rule.gotoIndex > i) i = rule.gotoIndex - 1;
        continue;
      case 'unreachable':
        error = ENETUNREACH;
        break;
      case 'prohibit':
        error = EACCES;
        break;
      case 'blackhole':
        error = EINVAL;
        break;
      case 'table':
        error = netns.fib.tables.get(action.table)?.lookup(flow) ?? EAGAIN;
        break;
    }
    if (error === OK) {
      const verdict = suppressed(rule, flow);
      if (verdict === 'unknown') {
        flow.rule = rule.rule;
        flow.unmodelled = 'a rule suppresses by interface group, which is not modelled';
        return UNMODELLED;
      }
      if (verdict) continue;
    }
    if (error !== EAGAIN) {
      flow.rule = rule.rule;
      return error;
    }
  }
  flow.route = null;
  flow.nexthop = null;
  return ENETUNREACH;
}

/** @source net/ipv4/fib_rules.c fib4_rule_suppress */
function suppressed({ rule }: FibRule, flow: Flow): boolean | 'unknown' {
  if (rule.suppressPrefixlength !== null && flow.route !== null && flow.route.len <= rule.suppressPrefixlength) return true;
  return rule.suppressIfgroup !== null && rule.suppressIfgroup !== -1 ? 'unknown' : false;
}
