import { legsOf } from './legs.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { protoName } from '../wire/proto.ts';
import type { Leg, Trace } from '../trace/trace.ts';
import { conntrackView } from './conntrack-view.ts';
import type { Delivery, Observed } from './observed.ts';
import { endpointText, verdictOf } from './verdict.ts';
import { DEFAULT_TTL, type Walk } from './walk.ts';

/** Writes a walk out as the JSON of a trace. */
export function traceOf({ probe, src, observed, recorder, chooser }: Walk): Trace {
  const verdict = verdictOf(observed);
  const trace: Trace = {
    trace: 1,
    ...(probe.id === undefined ? {} : { id: probe.id }),
    probe: {
      from: probe.label,
      proto: probe.proto,
      src: src === null ? null : formatIpv4(src),
      sport: probe.sport,
      dst: formatIpv4(probe.dst),
      ...(probe.proto === 'icmp' ? {} : { dport: probe.dport ?? 0 }),
      ttl: probe.ttl ?? DEFAULT_TTL,
    },
    outcome: verdict.outcome,
    reason: verdict.reason,
    text: verdict.text,
    errno: observed.sendError?.errno ?? null,
    delivered: observed.delivered === null ? null : deliveredView(observed.delivered),
    reply: observed.reply === null ? null : { from: endpointText(observed.reply, 'src') },
    icmpErrors: observed.icmpErrors.map(({ type, code, from }) => ({ type, code, from: formatIpv4(from) })),
    legs: recorder === null ? [] : withReceivers(legsOf(recorder), observed),
    conntrack: conntrackView(observed.tracked),
  };
  if (chooser !== null && chooser.choices.length > 0) trace.branch = { index: 0, of: 1, odds: chooser.odds, choices: chooser.choices };
  return trace;
}

function withReceivers(legs: Leg[], { alsoDelivered }: Observed): Leg[] {
  const request = legs.find(({ kind }) => kind === 'request');
  if (request !== undefined && alsoDelivered.length > 0) request.alsoDelivered = alsoDelivered.map(deliveredView);
  return legs;
}

function deliveredView(d: Delivery): NonNullable<Trace['delivered']> {
  const view: NonNullable<Trace['delivered']> = {
    at: d.at,
    proto: protoName(d.proto),
    src: endpointText(d, 'src'),
    dst: endpointText(d, 'dst'),
    ttl: d.ttl,
  };
  if (d.mssBytes > 0) view.mss = d.mssBytes;
  return view;
}
