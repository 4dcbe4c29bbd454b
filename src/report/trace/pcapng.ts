import type { ArpHeader, FrameTime, Header, Hop, Leg, Step, Trace } from '../../trace/trace.ts';
import { type CaptureInterface, type CapturedFrame, encodePcapng } from '../../wire/pcapng.ts';
import { printable } from '../printable.ts';
import { decider, rewrites, routeLine } from './names.ts';
import { datagramOf, frameBytes } from './packet-bytes.ts';
import { branchLine, placeLine, verdictLine } from './text.ts';

/** A frame of a trace with all that is said of it. */
interface Taken {
  readonly at: string;
  readonly dev: string;
  readonly time: FrameTime;
  readonly direction: 'in' | 'out';
  readonly header: Header | ArpHeader;
  readonly datagram: readonly Header[];
  readonly comment: string;
}

const NO_PLACES: ReadonlyMap<string, string> = new Map();
const US_PER_MS = 1000;

/**
 * Walks as a capture that Wireshark opens: one interface for each device crossed, each packet where it came in and where it left, in time
 * order, each with a comment that names what decided. The clock of a walk stands still while packets move, so frames of one instant are
 * a microsecond apart. Several traces follow one another.
 * @param places what people call namespaces, for descriptions
 */
export function tracePcapng(traces: readonly Trace[], places: ReadonlyMap<string, string> = NO_PLACES): Uint8Array {
  const interfaces: CaptureInterface[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (at: string, dev: string): number => {
    const name = `${at}:${dev}`;
    let number = numbers.get(name);
    if (number === undefined) {
      numbers.set(name, (number = interfaces.length));
      interfaces.push({ name: printable(name), description: placeLine(at, places) });
    }
    return number;
  };
  const frames: CapturedFrame[] = [];
  let lastUs = -1;
  for (const trace of traces) {
    for (const { at, dev, time, direction, header, datagram, comment } of takenOf(trace, places)) {
      lastUs = Math.max(lastUs + 1, Math.floor(time.ms * US_PER_MS));
      frames.push({
        interface: numberOf(at, dev),
        atUs: lastUs,
        direction,
        bytes: frameBytes(header, datagram, Math.floor(time.ms)),
        comment,
      });
    }
    // Devices inside a namespace that no frame was taken on are crossed all the same.
    for (const { at, hop } of hopsOf(trace.legs)) for (const dev of hop.through ?? []) numberOf(at, dev);
  }
  return encodePcapng(interfaces, frames, 'podwalk');
}

function hopsOf(legs: readonly Leg[]): { leg: Leg; at: string; hop: Hop; number: number }[] {
  return legs.flatMap((leg) => [
    ...leg.hops.map((hop, index) => ({ leg, at: hop.at, hop, number: index + 1 })),
    ...hopsOf(leg.copies ?? []),
  ]);
}

function takenOf(trace: Trace, places: ReadonlyMap<string, string>): Taken[] {
  const taken = new Map<number, Taken>();
  const branch = trace.branch !== undefined && trace.branch.of > 1 ? `${branchLine(trace.branch)}\n` : '';
  for (const { leg, at, hop, number } of hopsOf(trace.legs)) {
    const why = decisions(hop);
    const add = (
      dev: string | undefined,
      direction: 'in' | 'out',
      frame: FrameTime | undefined,
      header: Header | ArpHeader | undefined,
      datagram: readonly Header[],
    ): void => {
      // A copy begins with the frame that it was made of, which is one frame all the same.
      if (dev === undefined || frame === undefined || header === undefined || taken.has(frame.frame)) return;
      const where = `${leg.kind}, hop ${number}: ${direction} by ${printable(dev)} of ${placeLine(at, places)}`;
      taken.set(frame.frame, { at, dev, time: frame, direction, header, datagram, comment: `${branch}${where}${why}` });
    };
    const { rx, tx, rxPort, rxFragments, txFragments } = hop;
    const received = datagramOf(rxPort?.header ?? rx, rxFragments);
    const sent = datagramOf(tx, txFragments);
    add(hop.in, 'in', rxPort, rxPort?.header, received);
    add(
      rxPort === undefined ? hop.in : (hop.through?.[0] ?? hop.in),
      'in',
      hop.rxAt,
      rx,
      rxPort === undefined ? received : datagramOf(rx, []),
    );
    for (const fragment of rxFragments ?? []) add(hop.in, 'in', fragment, fragment.header, received);
    add(hop.out, 'out', hop.txAt, tx, sent);
    for (const fragment of txFragments ?? []) add(hop.out, 'out', fragment, fragment.header, sent);
  }
  const ordered = [...taken.values()].sort((a, b) => a.time.frame - b.time.frame);
  const last = ordered.pop();
  return last === undefined ? [] : [...ordered, { ...last, comment: `${last.comment}\n${verdictLine(trace, undefined, places)}` }];
}

/** Everything in a hop that decided: rules that do something, routes, and how the packet ended. */
function decisions({ steps }: Hop): string {
  const lines = steps.flatMap((step) => {
    const line = decisionLine(step);
    return line === null ? [] : [`\n${line}`];
  });
  return [...new Set(lines)].join('');
}

function decisionLine(step: Step): string | null {
  const changed = rewrites(step).join(', ');
  const suffix = `${changed === '' ? '' : ` — ${changed}`}${step.reason === undefined ? '' : `  ${printable(step.reason)}`}`;
  const cause = decider(step);
  if (step.route !== undefined) return `${step.verb} ${routeLine(step.route)}${suffix}`;
  if (cause !== null) return step.verb === 'MATCHED' && !isVerdict(step) ? null : `${step.verb} ${cause}${suffix}`;
  switch (step.verb) {
    case 'REWRITTEN':
    case 'ENCAPSULATED':
    case 'DECAPSULATED':
    case 'DELIVERED':
    case 'ANSWERED':
    case 'ORIGINATED':
    case 'DROPPED':
    case 'REJECTED':
    case 'UNKNOWN':
    case 'BRIDGED':
      return `${step.verb} ${printable(step.text)}${suffix}`;
    case 'RECEIVED':
    case 'ROUTED':
    case 'MATCHED':
    case 'MARKED':
    case 'TRACKED':
    case 'RESOLVED':
    case 'TRANSMITTED':
      return null;
  }
}

/** A rule that only counts, or leads to another chain, decides nothing. */
function isVerdict({ rule, azureRule }: Step): boolean {
  return azureRule !== undefined || (rule !== undefined && / -j (?:ACCEPT|DROP|REJECT|NOTRACK|CT)\b/.test(rule.text));
}
