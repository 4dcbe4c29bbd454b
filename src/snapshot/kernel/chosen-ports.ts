import type { ConntrackEntry, Tuple } from '../../trace/trace.ts';
import type { TruthEntry, TruthHeader, TruthHop, TruthProbe, TruthTuple } from './truth.ts';

/** Source ports (for ICMP, identifiers) that the kernel chose, and what the twin chose instead. */
type Chosen = ReadonlyMap<string, number>;

/** Connections of the twin by namespace: those that there are, and those that a probe met. */
interface TwinConnections {
  readonly conntrack: ReadonlyMap<string, readonly ConntrackEntry[]>;
  readonly met: ReadonlyMap<string, readonly ConntrackEntry[]>;
}

/** A port that one choice leads to may be part of the next one, in another namespace. */
const MAX_ROUNDS = 8;

/**
 * Where a source port is taken, the kernel chooses another one at random, and so does the twin: both changed it, and what they came to
 * is no difference. Everything else about the connection is still compared.
 * @source net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple
 */
export function withTwinsPorts(truth: TruthProbe, twin: TwinConnections): TruthProbe {
  let now = truth;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const chosen = choices(now, twin);
    if (chosen.size === 0) return now;
    now = renamed(now, chosen);
  }
  return now;
}

function choices(truth: TruthProbe, twin: TwinConnections): Chosen {
  const chosen = new Map<string, number>();
  for (const ns of new Set([...Object.keys(truth.conntrack), ...Object.keys(truth.born ?? {})])) {
    const others = [...(twin.conntrack.get(ns) ?? []), ...(twin.met.get(ns) ?? [])];
    for (const entry of [...(truth.conntrack[ns] ?? []), ...(truth.born?.[ns] ?? [])]) {
      const other = others.find((one) => isSameBut(entry, one));
      if (other !== undefined) chosen.set(`${entry.reply.proto} ${sourceOf(entry.reply)}`, twinSourceOf(other.reply));
    }
  }
  return chosen;
}

/** The same connection, of which both changed the source port, each to another one. */
function isSameBut({ orig, reply }: TruthEntry, twin: ConntrackEntry): boolean {
  const port = orig.id ?? orig.sport;
  return (
    orig.proto === twin.orig.proto &&
    orig.src === twin.orig.src &&
    orig.dst === twin.orig.dst &&
    port === twin.orig.sport &&
    orig.dport === twin.orig.dport &&
    reply.src === twin.reply.src &&
    reply.dst === twin.reply.dst &&
    (reply.id !== undefined || reply.sport === twin.reply.sport) &&
    sourceOf(reply) !== port &&
    twinSourceOf(twin.reply) !== port &&
    sourceOf(reply) !== twinSourceOf(twin.reply)
  );
}

/** The sender's port: the destination of the answer. */
function sourceOf({ id, dport }: TruthTuple): number {
  return id ?? dport ?? 0;
}

function twinSourceOf({ proto, sport, dport }: Tuple): number {
  return (proto === 'icmp' ? sport : dport) ?? 0;
}

function renamed(truth: TruthProbe, chosen: Chosen): TruthProbe {
  const port = (proto: string, number: number): number => chosen.get(`${proto} ${number}`) ?? number;
  const tuple = <T extends TruthTuple>(of: T): T => ({
    ...of,
    ...(of.sport === undefined ? {} : { sport: port(of.proto, of.sport) }),
    ...(of.dport === undefined ? {} : { dport: port(of.proto, of.dport) }),
    ...(of.id === undefined ? {} : { id: port(of.proto, of.id) }),
  });
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
    return number === undefined ? text : `${address}:${port(proto, Number(number))}`;
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
