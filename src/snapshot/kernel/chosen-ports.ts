import type { ConntrackEntry, Tuple } from '../../trace/trace.ts';
import type { VxlanPorts } from './rows.ts';
import type { TruthEntry, TruthFrame, TruthHeader, TruthHop, TruthProbe, TruthTuple } from './truth.ts';

/**
 * Source ports (for ICMP, identifiers) that the kernel chose, and what the twin chose instead: by port and far end, since the same port may
 * be chosen for several, and by port alone, since NAT further on may change the far end.
 */
type Chosen = ReadonlyMap<string, number>;

/** Connections of the twin by namespace: those that there are, and those that a probe met. */
interface TwinConnections {
  readonly conntrack: ReadonlyMap<string, readonly ConntrackEntry[]>;
  readonly met: ReadonlyMap<string, readonly ConntrackEntry[]>;
}

/**
 * Where a source port is taken, the kernel chooses another one at random, and so does the twin: both changed it, and what they came to
 * is no difference. Everything else about the connection is still compared. In a routing loop each round begins with the port that the
 * last one chose.
 * @source net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple
 */
export function withTwinsPorts(truth: TruthProbe, twin: TwinConnections, vxlan: VxlanPorts): TruthProbe {
  const changed = changedPorts(truth);
  if (changed.size === 0) return truth;
  const chosen = new Map<string, number>();
  const step = (trusting: boolean): boolean => choose(chosen, changed, trusting, truth, twin, vxlan);
  // Whoever is known by port and far end counts first.
  while (step(false) || step(true));
  return renamed(truth, chosen);
}

/** The ports that a translation put in the place of others. */
function changedPorts(truth: TruthProbe): ReadonlySet<string> {
  const entries = [truth.conntrack, truth.born ?? {}].flatMap((byPlace) => Object.values(byPlace).flat());
  const changed = entries.filter(({ orig, reply }) => sourceOf(reply) !== senderOf(orig));
  return new Set(changed.map(({ reply }) => portKey(reply.proto, sourceOf(reply))));
}

function portKey(proto: string, port: number, far?: string): string {
  return far === undefined ? `${proto} ${port}` : `${proto} ${port} ${far}`;
}

/**
 * @param trusting whether a port that is known with another far end will do
 * @returns whether there are new choices, seen with those so far in the twin's words
 */
function choose(
  chosen: Map<string, number>,
  changed: ReadonlySet<string>,
  trusting: boolean,
  truth: TruthProbe,
  twin: TwinConnections,
  vxlan: VxlanPorts,
): boolean {
  const before = chosen.size;
  for (const kind of ['conntrack', 'born'] as const) {
    for (const [ns, entries] of Object.entries(truth[kind] ?? {})) {
      const others = [...(twin.conntrack.get(ns) ?? []), ...(twin.met.get(ns) ?? [])];
      for (const { orig, reply, status } of entries) {
        const from = portKey(orig.proto, senderOf(orig));
        const fromHere = portKey(orig.proto, senderOf(orig), orig.dst);
        const to = portKey(reply.proto, sourceOf(reply), reply.src);
        // A port that is still in the kernel's words may be one of the twin's by chance.
        const isKnown = chosen.has(trusting ? from : fromHere) || !changed.has(from);
        if (chosen.has(to) || !isKnown) continue;
        const entry = { orig: renamedTuple(orig, chosen), reply: renamedTuple(reply, chosen), status };
        const other = others.find((one) => isSameBut(entry, one, vxlan));
        if (other === undefined) continue;
        const port = twinSourceOf(other.reply);
        const alone = portKey(reply.proto, sourceOf(reply));
        chosen.set(to, port);
        if (!chosen.has(alone)) chosen.set(alone, port);
      }
    }
  }
  return chosen.size > before;
}

/** The same connection, of which both changed the source port, mostly each to another one. That of a tunnel is a hash of its own. */
function isSameBut({ orig, reply }: TruthEntry, twin: ConntrackEntry, vxlan: VxlanPorts): boolean {
  const port = senderOf(orig);
  const isTunnel = orig.proto === 'udp' && vxlan.has(orig.dport ?? -1);
  return (
    orig.proto === twin.orig.proto &&
    orig.src === twin.orig.src &&
    orig.dst === twin.orig.dst &&
    (isTunnel || port === twin.orig.sport) &&
    orig.dport === twin.orig.dport &&
    reply.src === twin.reply.src &&
    reply.dst === twin.reply.dst &&
    (reply.id !== undefined || reply.sport === twin.reply.sport) &&
    sourceOf(reply) !== port &&
    twinSourceOf(twin.reply) !== twin.orig.sport
  );
}

function senderOf({ id, sport }: TruthTuple): number {
  return id ?? sport ?? 0;
}

/** What became of the sender's port: the destination of the answer. */
function sourceOf({ id, dport }: TruthTuple): number {
  return id ?? dport ?? 0;
}

function twinSourceOf({ proto, sport, dport }: Tuple): number {
  return (proto === 'icmp' ? sport : dport) ?? 0;
}

/** @param far where the other end may be */
function renamedPort(proto: string, port: number, chosen: Chosen, ...far: readonly string[]): number {
  const key = [...far.map((end) => portKey(proto, port, end)), portKey(proto, port)].find((one) => chosen.has(one));
  return key === undefined ? port : (chosen.get(key) ?? port);
}

function renamedTuple<T extends TruthTuple>(of: T, chosen: Chosen): T {
  return {
    ...of,
    ...(of.sport === undefined ? {} : { sport: renamedPort(of.proto, of.sport, chosen, of.dst) }),
    ...(of.dport === undefined ? {} : { dport: renamedPort(of.proto, of.dport, chosen, of.src) }),
    ...(of.id === undefined ? {} : { id: renamedPort(of.proto, of.id, chosen, of.dst, of.src) }),
  };
}

function addressOf(end: string): string {
  return end.split(':')[0] ?? end;
}

function renamed(truth: TruthProbe, chosen: Chosen): TruthProbe {
  const tuple = <T extends TruthTuple>(of: T): T => renamedTuple(of, chosen);
  const { proto } = truth.probe;
  const header = (of: TruthHeader): TruthHeader => {
    const { src, dst, sport, dport, id } = tuple({ proto, ...of });
    return {
      ...of,
      src,
      dst,
      ...(sport === undefined ? {} : { sport }),
      ...(dport === undefined ? {} : { dport }),
      ...(id === undefined ? {} : { id }),
    };
  };
  const hop = (of: TruthHop): TruthHop => ({
    ...of,
    ...(of.rx === undefined ? {} : { rx: header(of.rx) }),
    ...(of.tx === undefined ? {} : { tx: header(of.tx) }),
  });
  const frames = (all: readonly TruthFrame[] | null): TruthFrame[] | null =>
    all?.map((of) => ({ ...of, header: header(of.header) })) ?? null;
  const end = (text: string, ...far: readonly string[]): string => {
    const [address = '', number] = text.split(':');
    return number === undefined ? text : `${address}:${renamedPort(proto, Number(number), chosen, ...far)}`;
  };
  const entries = (all: TruthProbe['conntrack']): TruthProbe['conntrack'] =>
    Object.fromEntries(
      Object.entries(all).map(([ns, rows]) => [ns, rows.map((row) => ({ ...row, orig: tuple(row.orig), reply: tuple(row.reply) }))]),
    );
  const { delivered, reply } = truth;
  return {
    ...truth,
    delivered:
      delivered === null
        ? null
        : { ...delivered, src: end(delivered.src, addressOf(delivered.dst)), dst: end(delivered.dst, addressOf(delivered.src)) },
    reply: reply === null ? null : { from: end(reply.from) },
    hops: truth.hops.map(hop),
    replyHops: truth.replyHops.map(hop),
    ...(truth.frames === undefined ? {} : { frames: { request: frames(truth.frames.request), reply: frames(truth.frames.reply) } }),
    conntrack: entries(truth.conntrack),
    ...(truth.born === undefined ? {} : { born: entries(truth.born) }),
  };
}
