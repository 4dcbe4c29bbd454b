import { type Ipv4, ipv4 } from '../../wire/ipv4.ts';
import { mask } from '../../wire/prefix.ts';
import type { Device } from '../device.ts';
import type { PolicyRule } from '../route.ts';
import { TOS_MASK } from './fib-table.ts';
import type { Flow } from './flow.ts';

/** A device selector whose device does not exist matches nothing. @source net/core/fib_rules.c fib_nl2rule (iifindex −1) */
type DeviceSelector = Device | 'absent' | null;

/** A policy rule, ready for matching. */
export interface FibRule {
  readonly rule: PolicyRule;
  readonly src: Ipv4;
  readonly srcMask: number;
  readonly dst: Ipv4;
  readonly dstMask: number;
  readonly iif: DeviceSelector;
  /** `iif lo`: packets that this host makes. */
  readonly iifLocal: boolean;
  readonly oif: DeviceSelector;
  readonly mark: number;
  readonly markMask: number;
  /** Where `goto` leads: the position of the first rule of that priority, −1 where there is none. */
  readonly gotoIndex: number;
}

/** Makes rules ready; they keep their order, which is that of their priorities. */
export function compileRules(rules: readonly PolicyRule[], deviceByName: ReadonlyMap<string, Device>): FibRule[] {
  const device = (name: string | null): DeviceSelector => (name === null ? null : (deviceByName.get(name) ?? 'absent'));
  return rules.map((rule): FibRule => {
    const { action } = rule;
    const iif = device(rule.iif);
    const srcMask = rule.from === null ? 0 : mask(rule.from.len);
    const dstMask = rule.to === null ? 0 : mask(rule.to.len);
    return {
      rule,
      src: ipv4((rule.from?.addr ?? 0) & srcMask),
      srcMask,
      dst: ipv4((rule.to?.addr ?? 0) & dstMask),
      dstMask,
      iif,
      iifLocal: typeof iif === 'object' && iif?.isLoopback === true,
      oif: device(rule.oif),
      mark: rule.fwmark === null ? 0 : rule.fwmark.value & rule.fwmark.mask,
      markMask: rule.fwmark?.mask ?? 0,
      gotoIndex: action.type === 'goto' ? rules.findIndex((target) => target.priority === action.priority) : -1,
    };
  });
}

/** Why a rule does not take a flow; null when it does. `unknown` when that depends on something nobody knows. */
export type Mismatch = 'from' | 'to' | 'iif' | 'oif' | 'fwmark' | 'tos' | 'ipproto' | 'sport' | 'dport' | 'uidrange' | 'not' | 'unknown';

/** @source net/core/fib_rules.c fib_rule_match, net/ipv4/fib_rules.c fib4_rule_match */
export function ruleMismatch(rule: FibRule, flow: Flow): Mismatch | null {
  const mismatch = selectorMismatch(rule, flow);
  if (!rule.rule.not || mismatch === 'unknown') return mismatch;
  return mismatch === null ? 'not' : null;
}

function selectorMismatch(rule: FibRule, flow: Flow): Mismatch | null {
  const { tos, ipproto, sport, dport, uidrange } = rule.rule;
  if (rule.iif !== null && !(flow.iif === null ? rule.iifLocal : flow.iif === rule.iif)) return 'iif';
  if (rule.oif !== null && flow.oif !== rule.oif) return 'oif';
  if ((flow.mark & rule.markMask) !== rule.mark) return 'fwmark';
  if ((flow.dst & rule.dstMask) !== rule.dst) return 'to';
  if ((flow.src & rule.srcMask) !== rule.src) return 'from';
  if (tos !== 0 && tos !== (flow.tos & TOS_MASK)) return 'tos';
  if (ipproto !== null && ipproto !== flow.proto) return 'ipproto';
  if (sport !== null && (flow.sport < sport.from || flow.sport > sport.to)) return 'sport';
  if (dport !== null && (flow.dport < dport.from || flow.dport > dport.to)) return 'dport';
  if (uidrange === null) return null;
  if (flow.uid === null) return 'unknown';
  return flow.uid < uidrange.from || flow.uid > uidrange.to ? 'uidrange' : null;
}
