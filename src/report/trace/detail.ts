import type { Step } from '../../trace/trace.ts';

/** How much of a walk a report shows. */
export const DETAILS = ['minimal', 'summary', 'detailed'] as const;
export type Detail = (typeof DETAILS)[number];

/**
 * Whether a step is worth a line. `minimal` keeps what changes the packet or ends it and survives refactoring of rules; `summary` leaves
 * out what decides nothing; `detailed` shows all.
 * @source the levels of `ovn-trace`
 */
export function shows(detail: Detail, step: Step): boolean {
  switch (detail) {
    case 'minimal':
      return changes(step) || ends(step);
    case 'summary':
      return changes(step) || ends(step) || decides(step);
    case 'detailed':
      return true;
  }
}

function changes(step: Step): boolean {
  return step.verb === 'REWRITTEN' || step.verb === 'MARKED' || step.verb === 'ENCAPSULATED' || step.verb === 'DECAPSULATED';
}

function ends(step: Step): boolean {
  return (
    step.verb === 'DELIVERED' || step.verb === 'ANSWERED' || step.verb === 'DROPPED' || step.verb === 'REJECTED' || step.verb === 'UNKNOWN'
  );
}

/** Rules that only lead to another chain or back, policies that accept and the default rules of a security group decide nothing. */
function decides(step: Step): boolean {
  if (step.reason !== undefined) return true;
  if (step.policy !== undefined) return step.policy.verdict !== 'ACCEPT';
  if (step.azureRule !== undefined) return step.azureRule.access === 'Deny' || step.azureRule.priority < FIRST_DEFAULT_PRIORITY;
  if (step.rule !== undefined) return TERMINAL.test(step.rule.text);
  return step.verb === 'ROUTED' && step.route !== undefined;
}

/** @source network-security-groups-overview: default security rules */
const FIRST_DEFAULT_PRIORITY = 65_000;

const TERMINAL = / -j (?:ACCEPT|DROP|REJECT|QUEUE|NFQUEUE|TPROXY|NOTRACK|CT)\b/;
