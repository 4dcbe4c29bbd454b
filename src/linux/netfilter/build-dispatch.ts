import { askedEarly, type CompiledRule } from './compiled-rule.ts';
import { ANY_ADDR, ANY_PORT, Dispatch, type DispatchList, portKey } from './dispatch.ts';

/** Chains shorter than this are read through. */
const MIN_RULES = 8;

/** Builds the index of a chain; null where reading through is as good. */
export function buildDispatch(rules: readonly CompiledRule[]): Dispatch | null {
  if (rules.length < MIN_RULES) return null;
  const lists = new Map<string, DispatchList>();
  const rest: number[] = [];
  rules.forEach((rule, at) => {
    const hasAddr = rule.dstMask === -1 && !rule.dstNot && rule.dst !== ANY_ADDR;
    const ports = portKeys(rule);
    if (!hasAddr && ports === null) {
      rest.push(at);
      return;
    }
    const addr = hasAddr ? rule.dst : ANY_ADDR;
    for (const port of ports ?? [ANY_PORT]) {
      const key = `${addr},${port}`;
      const list = lists.get(key);
      if (list === undefined) lists.set(key, { addr, port, rules: [at] });
      else if (list.rules.at(-1) !== at) list.rules.push(at);
    }
  });
  return rest.length > rules.length - MIN_RULES / 2 ? null : new Dispatch(lists, rest);
}

/** The only port keys that can match a rule; null when any can. */
function portKeys(rule: CompiledRule): number[] | null {
  if (rule.proto < 0 || rule.protoNot) return null;
  if (rule.dport >= 0) return [portKey(rule.proto, rule.dport)];
  for (const match of askedEarly(rule.rule)) {
    if (match.m !== 'multiport' || match.side !== 'destination' || match.not) continue;
    if (match.ports.every(({ min, max }) => min === max)) return match.ports.map(({ min }) => portKey(rule.proto, min));
  }
  return null;
}
