import type { Trace } from '../../trace/trace.ts';
import { judgeBackend, judgeReply, judgeSeenSource, isReceiver } from './addresses.ts';
import type { Expectations } from './expectations.ts';
import { judgeMss, judgeTtl } from './header.ts';
import type { Judge, Mismatch, Names } from './judge.ts';
import { judgeErrno, judgeIcmp, judgeOutcome, judgeReason, judgeText } from './outcome.ts';
import { judgeHops, judgeNotVia, judgeReplyHops, judgeReplyVia, judgeVia } from './path.ts';
import { judgeNotRule, judgeRule } from './rule.ts';

type PerWalk = Omit<Expectations, 'backends'>;
type Ask = (expectations: PerWalk, trace: Trace, names: Names) => Mismatch | null;

function ask<Field extends keyof PerWalk>(field: Field, judge: Judge<NonNullable<PerWalk[Field]>>): Ask {
  return (expectations, trace, names) => {
    const value = expectations[field];
    return value === undefined ? null : judge(value, trace, names);
  };
}

/** In the order in which a reader wants to hear of them. */
const ASKS: readonly Ask[] = [
  ask('expect', judgeOutcome),
  ask('reason', judgeReason),
  ask('errno', judgeErrno),
  ask('icmp', judgeIcmp),
  ask('backend', judgeBackend),
  ask('seenSource', judgeSeenSource),
  ask('reply', judgeReply),
  ask('via', judgeVia),
  ask('notVia', judgeNotVia),
  ask('replyVia', judgeReplyVia),
  ask('hops', judgeHops),
  ask('replyHops', judgeReplyHops),
  ask('rule', judgeRule),
  ask('notRule', judgeNotRule),
  ask('mss', judgeMss),
  ask('ttl', judgeTtl),
  ask('text', judgeText),
];

/** An outcome is expected of every check; where it says why a packet does not arrive, the reason is enough. */
export function withDefaults(expectations: Expectations): Expectations {
  const { expect, reason, errno, icmp, reply } = expectations;
  if (expect !== undefined || reason !== undefined || errno !== undefined || icmp !== undefined || reply === false) return expectations;
  return { expect: 'replied', ...expectations };
}

/** What a walk did otherwise than expected. */
export function judge(expectations: Expectations, trace: Trace, names: Names): Mismatch[] {
  return ASKS.flatMap((holds) => holds(expectations, trace, names) ?? []);
}

/** `backends`: over all branches, exactly these endpoints take the packet. */
export function judgeBackends(wanted: readonly string[], traces: readonly Trace[], names: Names): Mismatch | null {
  const unused = wanted.filter((name) => !traces.some((trace) => isReceiver(name, trace, names)));
  const others = traces.filter((trace) => trace.delivered === null || !wanted.some((name) => isReceiver(name, trace, names)));
  if (unused.length === 0 && others.length === 0) return null;
  const parts = [
    ...unused.map((name) => `nothing reached ${name}`),
    ...new Set(
      others.map((trace) => (trace.delivered === null ? `${trace.outcome}: ${trace.text}` : `${trace.delivered.dst} was reached too`)),
    ),
  ];
  return { field: 'backends', expected: wanted.join(', '), happened: parts.join('; '), deciding: null };
}
