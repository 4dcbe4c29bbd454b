import type { ConntrackEntry, Tuple } from '../../trace/trace.ts';
import type { VxlanPorts } from './rows.ts';
import type { TruthEntry, TruthHeader, TruthHop, TruthProbe, TruthTuple } from './truth.ts';

/** Source ports (for ICMP, identifiers) that the kernel chose, and what the twin chose instead. */
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
  while (choose(chosen, changed, truth, twin, vxlan));
  return renamed(truth, chosen);
}

/** The ports that a translation put in the place of others. */
function changedPorts(truth: TruthProbe): ReadonlySet<string> {
  const entries = [truth.conntrack, truth.born ?? {}].flatMap((byPlace) => Object.values(byPlace).flat());
  const changed = entries.filter(({ orig, reply }) => sourceOf(reply) !== senderOf(orig));
  return new Set(changed.map(({ reply }) => portKey(reply.proto, sourceOf(reply))));
}

function portKey(proto: string, port: number): string {
  return `${proto} ${port}`;
}

/** @returns whether there are new choices, seen with those so far in the twin's words */
function choose(
  chosen: Map<string, number>,
  changed: ReadonlySet<string>,
  truth: TruthProbe,
  twin: TwinConnections,
  vxlan: VxlanPorts,
): boolean {
  const before = chosen.size;
  for (const kind of ['conntrack', 'born'] as const) {
    for (const [ns, entries] of Object.entries(truth[kind] ?? {})) {
      const others = [...(twin.conntrack.get(ns) ?? []), ...(twin.met.get(ns) ?? [])];
      for (const { orig, reply, status } of entries) {
        const [from, to] = [portKey(orig.proto, senderOf(orig)), portKey(reply.proto, sourceOf(reply))];
        // A port that is still in the kernel's words may be one of the twin's by chance.
        const isKnown = chosen.has(from) || !changed.has(from);
        if (chosen.has(to) || !isKnown) continue;
        const entry = { orig: renamedTuple(orig, chosen), reply: renamedTuple(reply, chosen), status };
        const other = others.find((one) => isSameBut(entry, one, vxlan));
        if (other !== undefined) chosen.set(to, twinSourceOf(other.reply));
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

function renamedPort(proto: string, port: number, chosen: Chosen): number {
  return chosen.get(portKey(proto, port)) ?? port;
}

function renamedTuple<T extends TruthTuple>(of: T, chosen: Chosen): T {
  return {
    ...of,
    ...(of.sport === undefined ? {} : { sport: renamedPort(of.proto, of.sport, chosen) }),
    ...(of.dport === undefined ? {} : { dport: renamedPort(of.proto, of.dport, chosen) }),
    ...(of.id === undefined ? {} : { id: renamedPort(of.proto, of.id, chosen) }),
  };
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
  const end = (text: string): string => {
    const [address = '', number] = text.split(':');
    return number === undefined ? text : `${address}:${renamedPort(proto, Number(number), chosen)}`;
  };
  const entries = (all: TruthProbe['conntrack']): TruthProbe['conntrack'] =>
    Object.fromEntries(
      Object.entries(all).map(([ns, rows]) => [ns, rows.map((row) => ({ ...row, orig: tuple(row.orig), reply: tuple(row.reply) }))]),
    );
  const { delivered, reply } = truth;
  return {
    ...truth,
    delivered: delivered === null ? null : { ...delivered, src: end(delivered.src), dst: end(delivered.dst) },
    reply: reply === null ? null : { from: end(reply.from) },
    hops: truth.hops.map(hop),
    replyHops: truth.replyHops.map(hop),
    conntrack: entries(truth.conntrack),
    ...(truth.born === undefined ? {} : { born: entries(truth.born) }),
  };
}
