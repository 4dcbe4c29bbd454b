import type { Trace } from '../../trace/trace.ts';
import { globMatches, list } from './expectations.ts';
import { type Judge, type StepAt, decidingStep, stepsOf } from './judge.ts';

/** The names by which a step's decider can be asked for; the first is how reports print it. */
function namesOf({ at, step }: StepAt): string[] {
  const names: string[] = [];
  const add = (place: string, index: string): void => {
    names.push(`${place}${index}`, place, `${at} ${place}${index}`, `${at} ${place}`);
  };
  if (step.rule !== undefined) {
    add(`${step.rule.table}:${step.rule.chain}`, `[${step.rule.index}]`);
    if (step.rule.origin !== undefined) names.push(step.rule.origin);
  }
  if (step.policy !== undefined) add(`${step.policy.table}:${step.policy.chain}`, '[policy]');
  if (step.azureRule !== undefined) add(`nsg:${step.azureRule.nsg}/${step.azureRule.rule}`, `[${step.azureRule.priority}]`);
  if (step.route !== undefined) add(`route:${step.route.dst}`, `[${step.route.table}]`);
  return names;
}

function met(pattern: string, trace: Trace): StepAt | null {
  return stepsOf(trace).find((step) => namesOf(step).some((name) => globMatches(pattern, name))) ?? null;
}

/**
 * Rules, policies, NSG rules or routes that took part: `nat:KUBE-SVC-*`, `filter:FORWARD[2]`, `node0/root nat:POSTROUTING`,
 * `nsg:aks-nsg/deny-web`, `route:10.244.1.0/24`, or who wrote the rule (`svc default/web`).
 */
export const judgeRule: Judge<string | string[]> = (value, trace) => {
  const missing = list(value).find((pattern) => met(pattern, trace) === null);
  if (missing === undefined) return null;
  const deciding = decidingStep(trace);
  const last = stepsOf(trace).findLast((step) => step.step.rule !== undefined || step.step.azureRule !== undefined);
  const happened = last === undefined ? 'no rule matched' : `it never matched; the last rule was ${namesOf(last)[0] ?? ''}`;
  return { field: 'rule', expected: missing, happened, deciding };
};

export const judgeNotRule: Judge<string | string[]> = (value, trace) => {
  for (const pattern of list(value)) {
    const hit = met(pattern, trace);
    if (hit !== null)
      return { field: 'notRule', expected: `not ${pattern}`, happened: `${namesOf(hit)[0] ?? pattern} matched`, deciding: hit };
  }
  return null;
};
