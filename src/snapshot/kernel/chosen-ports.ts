import type { ConntrackEntry, Tuple } from '../../trace/trace.ts';
import type { VxlanPorts } from './rows.ts';
import type { TruthEntry, TruthFrame, TruthHeader, TruthHop, TruthProbe, TruthTuple } from './truth.ts';

/** What the twin has in the place of source ports (for ICMP, identifiers) that the kernel chose: by {@link endOf}. */
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
  const entries = [truth.conntrack, truth.born ?? {}].flatMap((byPlace) => Object.entries(byPlace));
  const all = entries.flatMap(([, rows]) => rows);
  if (all.every(hasKeptPort)) return truth;
  const changed = new Set(all.filter((entry) => toOf(entry) !== fromOf(entry)).map(toOf));
  const chosen = new Map<string, number>();
  const step = (): boolean => {
    const before = chosen.size;
    for (const [ns, rows] of entries) {
      const others = [...(twin.conntrack.get(ns) ?? []), ...(twin.met.get(ns) ?? [])];
      for (const entry of rows) {
        const [from, to] = [fromOf(entry), toOf(entry)];
        // A port that is still in the kernel's words may be one of the twin's by chance.
        if (chosen.has(to) || from === to || (changed.has(from) && !chosen.has(from))) continue;
        const port = hasKeptPort(entry)
          ? (chosen.get(from) ?? senderOf(entry.orig))
          : twinsChoice(renamedEntry(entry, chosen), others, vxlan);
        if (port !== undefined) chosen.set(to, port);
      }
    }
    return chosen.size > before;
  };
  while (step());
  return renamed(truth, chosen);
}

/** Whose port it is, and towards whom: the same port may be chosen for several. */
function endOf(proto: string, address: string, port: number, far: string): string {
  return `${proto} ${address}:${port} ${far}`;
}

/** The end that sent a connection's first packet. */
function fromOf({ orig }: TruthEntry): string {
  return endOf(orig.proto, orig.src, senderOf(orig), orig.dst);
}

/** The same as whoever gets the packet sees it. */
function toOf({ reply }: TruthEntry): string {
  return endOf(reply.proto, reply.dst, sourceOf(reply), reply.src);
}

function hasKeptPort({ orig, reply }: TruthEntry): boolean {
  return sourceOf(reply) === senderOf(orig);
}

function twinsChoice(entry: TruthEntry, others: readonly ConntrackEntry[], vxlan: VxlanPorts): number | undefined {
  const other = others.find((one) => isSameBut(entry, one, vxlan));
  return other === undefined ? undefined : twinSourceOf(other.reply);
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

function renamedTuple<T extends TruthTuple>(of: T, chosen: Chosen): T {
  const { proto, src, dst, sport, dport, id } = of;
  const port = (address: string, number: number, far: string): number => chosen.get(endOf(proto, address, number, far)) ?? number;
  return {
    ...of,
    ...(sport === undefined ? {} : { sport: port(src, sport, dst) }),
    ...(dport === undefined ? {} : { dport: port(dst, dport, src) }),
    // Both directions of an echo bear the identifier of whoever asked.
    ...(id === undefined ? {} : { id: chosen.has(endOf(proto, src, id, dst)) ? port(src, id, dst) : port(dst, id, src) }),
  };
}

function renamedEntry({ orig, reply, ...rest }: TruthEntry, chosen: Chosen): TruthEntry {
  return { ...rest, orig: renamedTuple(orig, chosen), reply: renamedTuple(reply, chosen) };
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
  // As `ADDRESS:PORT`, where there are ports.
  const taken = (of: NonNullable<TruthProbe['delivered']>): NonNullable<TruthProbe['delivered']> => {
    const [[src = '', sport], [dst = '', dport]] = [of.src.split(':'), of.dst.split(':')];
    if (sport === undefined || dport === undefined) return of;
    const end = tuple({ proto: of.proto, src, dst, sport: Number(sport), dport: Number(dport) });
    return { ...of, src: `${src}:${end.sport}`, dst: `${dst}:${end.dport}` };
  };
  const entries = (all: TruthProbe['conntrack']): TruthProbe['conntrack'] =>
    Object.fromEntries(Object.entries(all).map(([ns, rows]) => [ns, rows.map((row) => renamedEntry(row, chosen))]));
  const { delivered } = truth;
  return {
    ...truth,
    delivered: delivered === null ? null : taken(delivered),
    hops: truth.hops.map(hop),
    replyHops: truth.replyHops.map(hop),
    ...(truth.frames === undefined ? {} : { frames: { request: frames(truth.frames.request), reply: frames(truth.frames.reply) } }),
    conntrack: entries(truth.conntrack),
    ...(truth.born === undefined ? {} : { born: entries(truth.born) }),
  };
}
