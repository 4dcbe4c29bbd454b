import type { Hop, Leg, Trace } from '../../trace/trace.ts';
import { type Expectations, globMatches, list } from './expectations.ts';
import { type Judge, type Names, decidingStep, pathOf, replyLeg, requestLeg } from './judge.ts';

/**
 * Whether a hop is the place that a pattern names: `MACHINE`, `MACHINE/NETNS`, `MACHINE/NETNS/DEV` (a device that it crossed), `fabric`,
 * or an endpoint such as `pod/default/web`; `*` stands for anything.
 */
function isPlace(pattern: string, hop: Hop, names: Names): boolean {
  const place = names.place(pattern);
  if (globMatches(place, hop.at) || globMatches(place, machineOf(hop.at))) return true;
  return [hop.in, ...(hop.through ?? []), hop.out].some((device) => device !== undefined && globMatches(place, `${hop.at}/${device}`));
}

function machineOf(at: string): string {
  return at.slice(0, at.indexOf('/'));
}

function shownPath(leg: Leg | null): string {
  const path = pathOf(leg);
  return path.length === 0 ? 'the packet went nowhere' : path.map(({ at }) => at).join(' → ');
}

/** All of the places, in this order, others between them allowed. */
function passes(field: string, legOf: (trace: Trace) => Leg | null): Judge<string | string[]> {
  return (value, trace, names) => {
    const leg = legOf(trace);
    const path = pathOf(leg);
    let from = 0;
    for (const pattern of list(value)) {
      const found = path.findIndex((hop, index) => index >= from && isPlace(pattern, hop, names));
      if (found < 0) {
        return { field, expected: list(value).join(' → '), happened: `${shownPath(leg)} (not ${pattern})`, deciding: decidingStep(trace) };
      }
      // Devices of one hop may follow each other, so the search goes on at the same hop.
      from = found;
    }
    return null;
  };
}

export const judgeVia: Judge<string | string[]> = passes('via', requestLeg);
export const judgeReplyVia: Judge<string | string[]> = passes('replyVia', replyLeg);

export const judgeNotVia: Judge<string | string[]> = (value, trace, names) => {
  const leg = requestLeg(trace);
  const hit = list(value).find((pattern) => pathOf(leg).some((hop) => isPlace(pattern, hop, names)));
  if (hit === undefined) return null;
  return { field: 'notVia', expected: `not through ${hit}`, happened: shownPath(leg), deciding: decidingStep(trace) };
};

/** Exactly these places, in this order. */
function walks(field: string, legOf: (trace: Trace) => Leg | null): Judge<readonly string[]> {
  return (value, trace, names) => {
    const leg = legOf(trace);
    const path = pathOf(leg);
    const same = path.length === value.length && value.every((pattern, index) => holdsAt(pattern, path[index], names));
    return same ? null : { field, expected: value.join(' → '), happened: shownPath(leg), deciding: decidingStep(trace) };
  };
}

function holdsAt(pattern: string, hop: Hop | undefined, names: Names): boolean {
  return hop !== undefined && isPlace(pattern, hop, names);
}

export const judgeHops: Judge<NonNullable<Expectations['hops']>> = walks('hops', requestLeg);
export const judgeReplyHops: Judge<NonNullable<Expectations['replyHops']>> = walks('replyHops', replyLeg);
