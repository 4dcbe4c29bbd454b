import type { Trace } from '../../trace/trace.ts';
import { type Expectations, list } from './expectations.ts';
import { type Judge, type Names, type StepAt, cameTo, decidingStep, lastStep } from './judge.ts';

/** What the receiver sees as the source of the packet. */
export const judgeSeenSource: Judge<NonNullable<Expectations['seenSource']>> = (value, trace, names) => {
  const wanted = list(value);
  if (trace.delivered === null) {
    return { field: 'seenSource', expected: wanted.join(' or '), happened: cameTo(trace), deciding: decidingStep(trace) };
  }
  const { src } = trace.delivered;
  if (wanted.some((name) => isEndpoint(name, src, names))) return null;
  return { field: 'seenSource', expected: shown(wanted, names), happened: `the receiver saw ${src}`, deciding: changed(trace, 'src') };
};

/** Who took the packet. */
export const judgeBackend: Judge<NonNullable<Expectations['backend']>> = (value, trace, names) => {
  const wanted = list(value);
  if (trace.delivered === null) {
    return { field: 'backend', expected: wanted.join(' or '), happened: cameTo(trace), deciding: decidingStep(trace) };
  }
  if (wanted.some((name) => isReceiver(name, trace, names))) return null;
  const happened = `${trace.delivered.at} took it as ${trace.delivered.dst}`;
  return { field: 'backend', expected: shown(wanted, names), happened, deciding: changed(trace, 'dst') };
};

/** Whether `name` is the endpoint that a walk reached. */
export function isReceiver(name: string, trace: Trace, names: Names): boolean {
  const { delivered } = trace;
  return delivered !== null && (names.place(name) === delivered.at || isEndpoint(name, delivered.dst, names));
}

/** From whom the sender got its answer. */
export const judgeReply: Judge<boolean | string> = (value, trace, names) => {
  const deciding = decidingStep(trace);
  if (typeof value === 'boolean') {
    if (value === (trace.reply !== null)) return null;
    return { field: 'reply', expected: value ? 'a reply' : 'no reply', happened: cameTo(trace), deciding };
  }
  if (trace.reply !== null && isEndpoint(value, trace.reply.from, names)) return null;
  const happened = trace.reply === null ? cameTo(trace) : `the answer came from ${trace.reply.from}`;
  return { field: 'reply', expected: `a reply from ${shown([value], names)}`, happened, deciding };
};

/** Whether `socket` (`10.0.0.10:53`) is the address, or the address and port, that a name stands for. */
function isEndpoint(name: string, socket: string, names: Names): boolean {
  if (name === socket) return true;
  const address = socket.split(':')[0] ?? socket;
  return names.addresses(name)?.includes(address) ?? name === address;
}

function shown(wanted: readonly string[], names: Names): string {
  const each = wanted.map((name) => {
    const addresses = names.addresses(name);
    return addresses === null || addresses.includes(name) ? name : `${name} (${addresses.join(', ')})`;
  });
  return each.join(' or ');
}

/** The last step of the request that rewrote the source or the destination. */
function changed(trace: Trace, field: 'src' | 'dst'): StepAt | null {
  const rewrote = lastStep(trace, ({ leg, step }) => leg === 'request' && step.verb === 'REWRITTEN' && step.after?.[field] !== undefined);
  return rewrote ?? lastStep(trace, ({ leg, step }) => leg === 'request' && step.verb === 'ROUTED');
}
