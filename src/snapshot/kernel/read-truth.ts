import type { Probe } from '../../walk/probe.ts';
import type { World } from '../../world/world.ts';
import type { RawTruth, Seen, TapFrame, TapHeader } from './answers.ts';
import { type Layout, isGroup, shown, ways } from './hops.ts';
import { sitesOf } from './plan.ts';
import { SINK_MAC } from './plan/probe.ts';
import { legacyRule } from './legacy.ts';
import type { TruthFrame, TruthHop, TruthProbe, TruthRule } from './truth.ts';

/** What of a World tells the ways of frames. */
export function layoutOf(world: World): Layout {
  const ends = new Map<string, string[]>();
  const inner = new Set<string>();
  const bridges = new Map<string, string>();
  const macs = new Map<string, string>();
  const tunnels = new Set<string>();
  for (const { at, netns } of sitesOf(world)) {
    for (const { name, kind, master, mac } of netns.links) {
      const end = `${at}/${name}`;
      macs.set(end, mac);
      if (master !== null) bridges.set(end, master);
      if (kind.type === 'bridge' || kind.type === 'vxlan') inner.add(end);
      if (kind.type === 'vxlan') tunnels.add(end);
      const wire = kind.type === 'veth' || kind.type === 'end' ? kind.wire : null;
      if (wire !== null) ends.set(wire, [...(ends.get(wire) ?? []), end]);
    }
  }
  const wires = new Map<string, string>();
  for (const [a, b] of ends.values()) if (a !== undefined && b !== undefined) wires.set(a, b).set(b, a);
  return { wires, inner, tunnels, bridges, macs };
}

/** Puts together what the helper saw of a probe. */
export function readTruth(raw: RawTruth, probe: Probe, world: World, layout: Layout): TruthProbe {
  const from = probe.from.kind === 'external' ? '' : `${probe.from.machine}/${probe.from.netns}`;
  const echoes = Object.entries(raw.heard).flatMap(([ns, rows]) => rows.map((row) => ({ ns, ...row })));
  const icmpErrors = echoes
    .filter(({ ns, type }) => ns === from && (type === 3 || type === 4 || type === 11 || type === 12))
    .map(({ type, code, src }) => ({ type, code, from: src }));
  const answeredAt = Math.min(...raw.seen.map(({ at }) => at));
  const request = raw.frames.filter((frame) => partOf(frame, answeredAt) === 'request');
  const reply = raw.frames.filter((frame) => partOf(frame, answeredAt) === 'reply');
  // NAT may lead a tunnel's packet, whatever is inside, to a socket; not to the one that took the request, once there is an answer.
  const [firstAnswerAt] = reply[0] ?? [Number.POSITIVE_INFINITY];
  const delivered = raw.seen.find(({ proto }) => proto === probe.proto) ?? raw.seen.find(({ at }) => at < firstAnswerAt) ?? null;
  // Of all who hear a request, the first who answers has taken it; others may be told not to.
  const answerers = new Set(
    reply.filter(([, ns, , out], index) => out && reply.findIndex((other) => other[1] === ns) === index).map(([, ns]) => ns),
  );
  const taking = probe.proto === 'icmp' ? echoes.filter(({ ns, type }) => type === 8 && answerers.has(ns)) : [];
  // To ask for the time of what arrives would set the clocks of the taps back.
  const arrivedAt = (at: string): number => request.findLast(([, ns, , out]) => ns === at && !out)?.[0] ?? 0;
  const [echo] = taking.toSorted((a, b) => arrivedAt(a.ns) - arrivedAt(b.ns));
  const taken = echo === undefined ? delivered : { ns: echo.ns, proto: 'icmp', src: echo.src, dst: echo.dst };
  // Whoever is asked in somebody else's name hears the answer all the same.
  const heardReply = echoes.filter(({ type }) => type === 0).map(({ ns }) => ns);
  const isReset =
    raw.refused && (icmpErrors.length === 0 || raw.frames.some(([, ns, , out, { part }]) => ns === from && !out && part === 'reset'));
  // What connect() fails with may be an answer that it had; a call that sends a ready-made packet waits for none.
  const isConnect = probe.proto === 'tcp' && probe.spoof === undefined;
  const sendErrno = isConnect && icmpErrors.length > 0 ? null : raw.errno;
  return {
    probe: { id: probe.id ?? '', from: probe.label, proto: probe.proto },
    outcome: outcomeOf({ sendErrno, isReset, reply: raw.reply, icmpErrors, delivered: taken }),
    sendErrno,
    delivered: taken,
    reply: raw.reply === null ? null : { from: raw.reply },
    icmpErrors,
    redirected: echoes.filter(({ type }) => type === 5).map(({ ns }) => ns),
    hops: theWay(request, layout, takers(raw, taken, from, request, reply)),
    replyHops: theWay(reply, layout, raw.reply === null ? heardReply : [from]),
    frames: { request: ambiguous(request, layout), reply: ambiguous(reply, layout) },
    trace: Object.entries(raw.rules).flatMap(([ns, rows]) =>
      rows.flatMap((row): TruthRule[] => {
        const rule = row.verdict === undefined ? legacyRule(world, ns, row) : { ...row, verdict: row.verdict };
        return rule === null ? [] : [{ ...rule, ns }];
      }),
    ),
    conntrack: raw.conntrack,
    born: raw.born,
    neigh: withoutSinks(raw.neigh),
    drops: raw.drops,
  };
}

/** The frames where a packet went more ways than one, or passed a device twice, or is not alone: which came of which nobody sees. */
function ambiguous(frames: readonly TapFrame[], layout: Layout): TruthFrame[] | null {
  const places = new Set(frames.map(([, ns, dev, out]) => `${ns}/${dev} ${out}`));
  const packets = new Set(frames.map(([, , , , header]) => innermost(header).ipid));
  const isOneWay = packets.size < 2 && places.size === frames.length && ways(frames, layout).length < 2;
  return isOneWay ? null : frames.map(frameOf);
}

function innermost(header: TapHeader): TapHeader {
  return header.inner === undefined || header.inner === null ? header : innermost(header.inner);
}

function frameOf([, ns, dev, out, header]: TapFrame): TruthFrame {
  return { ns, dev, out, header: shown(header) };
}

/** The twin takes somebody to be at the end of a link that leads out, and learns nothing of them; the kernel has to. */
function withoutSinks(neighbours: TruthProbe['neigh']): TruthProbe['neigh'] {
  return Object.fromEntries(Object.entries(neighbours).map(([ns, rows]) => [ns, rows.filter(({ mac }) => mac !== SINK_MAC)]));
}

/** Which packet of the conversation a frame carries. Where a payload is too short to say so, time does: the answer follows the request. */
function partOf([at, , , , header]: TapFrame, answeredAt: number): string {
  if (innermost(header).offset !== undefined) return 'fragment';
  if (header.part === 'either') return at < answeredAt ? 'request' : 'reply';
  return header.part ?? 'other';
}

function outcomeOf(found: {
  sendErrno: string | null;
  isReset: boolean;
  reply: string | null;
  icmpErrors: readonly unknown[];
  delivered: unknown;
}): string {
  if (found.sendErrno !== null) return 'send-error';
  if (found.isReset) return 'reset';
  if (found.reply !== null) return 'replied';
  if (found.icmpErrors.length > 0) return 'icmp-error';
  return found.delivered === null ? 'dropped' : 'delivered-no-reply';
}

/**
 * Whose sockets took the packet, in order. What a sender takes first of its own broadcast has no way that a tap shows; what comes back to it
 * by a wire it refuses, unless it was sent in somebody else's name. Half a connection that was reset at once has left only its answer.
 */
function takers(
  raw: RawTruth,
  first: TruthProbe['delivered'],
  from: string,
  request: readonly TapFrame[],
  reply: readonly TapFrame[],
): string[] {
  if (first === null) return reply.slice(0, 1).map(([, ns]) => ns);
  const sent = request.find(([, ns, , out]) => ns === from && out);
  const rows = raw.seen.filter(({ proto }) => proto === first.proto);
  if (sent === undefined || !isGroup(sent[4].dmac)) return [first.ns, ...rows.map(({ ns }) => ns)];
  // Of echo requests only the first is known.
  if (rows.length === 0) return first.ns === from ? [] : [first.ns];
  const isOwnCopy = ({ ns, socket }: Seen, index: number): boolean =>
    ns === from && rows.findIndex((row) => row.ns === ns && row.socket === socket) === index;
  const arrival = (of: string): number => request.findIndex(([, ns, , out]) => ns === of && !out);
  const others = rows.filter((row, index) => !isOwnCopy(row, index)).map(({ ns }) => ns);
  return others.toSorted((a, b) => arrival(a) - arrival(b));
}

/** Of the ways that copies of a packet took, the first that led to a socket; else the longest that did not end at somebody it was not for. */
function theWay(frames: readonly TapFrame[], layout: Layout, receivers: readonly string[]): readonly TruthHop[] {
  const all = ways(frames, layout);
  const asEnded = all.toSorted((a, b) => a.ended - b.ended);
  for (const receiver of receivers) {
    const arrived = asEnded.find(({ hops }) => hops.at(-1)?.ns === receiver && hops.at(-1)?.out === undefined);
    if (arrived !== undefined) return arrived.hops;
  }
  const forHost = all.filter(({ isForOthers }) => !isForOthers);
  return (forHost.length === 0 ? all : forHost).toSorted((a, b) => b.hops.length - a.hops.length)[0]?.hops ?? [];
}
