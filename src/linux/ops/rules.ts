import type { Netns } from '../netns.ts';
import type { PolicyRule } from '../route.ts';
import { tableRule } from './create-netns.ts';
import { type OpResult, FILE_EXISTS, INVALID_ARGUMENT, NO_SUCH_FILE } from './result.ts';

/** A rule to add: what is left out selects everything, the priority goes before that of the second rule there is. */
export type RuleSpec = Partial<Omit<PolicyRule, 'action'>> & Pick<PolicyRule, 'action'>;

/** `ip rule add`: after the rules of the same priority. @source net/core/fib_rules.c fib_newrule */
export function addRule(netns: Netns, spec: RuleSpec): OpResult {
  const rule: PolicyRule = { ...tableRule(0, 0), protocol: 'boot', ...spec, priority: spec.priority ?? defaultPriority(netns.rules) };
  if (rule.action.type === 'goto' && rule.action.priority <= rule.priority) return 'Error: Backward goto not supported';
  if (rule.action.type === 'table' && rule.action.table === 0) return INVALID_ARGUMENT;
  if (netns.rules.some((other) => describes(rule, other))) return FILE_EXISTS;
  const at = netns.rules.findIndex((other) => other.priority > rule.priority);
  netns.rules = at < 0 ? [...netns.rules, rule] : netns.rules.toSpliced(at, 0, rule);
  return 'ok';
}

/** @source net/core/fib_rules.c fib_default_rule_pref */
function defaultPriority(rules: readonly PolicyRule[]): number {
  const second = rules[1]?.priority ?? 0;
  return second === 0 ? 0 : second - 1;
}

/**
 * Whether the kernel takes `other` for the rule that `wanted` describes: an address or TOS that is not given agrees with any, and `not`
 * does not count.
 * @source net/core/fib_rules.c rule_exists, net/ipv4/fib_rules.c fib4_rule_compare
 */
function describes(wanted: PolicyRule, other: PolicyRule): boolean {
  const prefix = (selector: PolicyRule['from']): string => `${selector?.addr}/${selector?.len}`;
  return (
    (wanted.from === null || prefix(wanted.from) === prefix(other.from)) &&
    (wanted.to === null || prefix(wanted.to) === prefix(other.to)) &&
    (wanted.tos === 0 || wanted.tos === other.tos) &&
    text(wanted) === text(other)
  );
}

/** What an action tells rules apart by: where one goes to is not asked. */
function actionText(action: PolicyRule['action']): string {
  return action.type === 'table' ? `table ${action.table}` : action.type;
}

/** What tells rules apart besides addresses and TOS. */
function text(rule: PolicyRule): string {
  return JSON.stringify([
    rule.priority,
    rule.iif,
    rule.oif,
    [rule.fwmark?.value, rule.fwmark?.mask],
    rule.ipproto,
    [rule.sport?.from, rule.sport?.to],
    [rule.dport?.from, rule.dport?.to],
    [rule.uidrange?.from, rule.uidrange?.to],
    rule.suppressPrefixlength,
    rule.suppressIfgroup,
    actionText(rule.action),
  ]);
}

/** `ip rule del`: the first rule that agrees with everything given. @source net/core/fib_rules.c fib_delrule */
export function deleteRule(netns: Netns, selector: Partial<PolicyRule>): OpResult {
  const at = netns.rules.findIndex((rule) => describes({ ...rule, ...selector }, rule));
  if (at < 0) return NO_SUCH_FILE;
  netns.rules = netns.rules.toSpliced(at, 1);
  return 'ok';
}
