import type { TapFrame, TapHeader } from './answers.ts';
import { SINK_MAC } from './plan/probe.ts';
import type { TruthHeader, TruthHop } from './truth.ts';

/** Which link ends meet: `MACHINE/NETNS/DEV` → the same. */
export type Wires = ReadonlyMap<string, string>;

/** What of a World tells the way of a frame, by `MACHINE/NETNS/DEV`. */
export interface Layout {
  readonly wires: Wires;
  /** Devices inside a namespace, which packets cross on their way. */
  readonly inner: ReadonlySet<string>;
  /** Those of them that are tunnels. */
  readonly tunnels: ReadonlySet<string>;
  /** The bridge of a port, and the Ethernet address of any device. */
  readonly bridges: ReadonlyMap<string, string>;
  readonly macs: ReadonlyMap<string, string>;
}

interface Visit {
  readonly hop: { -readonly [Key in keyof TruthHop]: TruthHop[Key] } & { through: string[] };
  readonly parent: Visit | null;
  /** Which copy it is of the one that made the visit. */
  readonly fork: number;
  /** The packet that came in by a wire. */
  readonly received: TapHeader | null;
  /** Whether it left by a link to somewhere. */
  left: boolean;
  /** By which of the devices that it crossed it was received last, the one that it came by being the first. */
  cameBy: number;
}

/** The way of one copy of a packet, how early it ended among the others, and whether that was at a host that it was not for. */
interface Way {
  readonly hops: readonly TruthHop[];
  readonly ended: number;
  readonly isForOthers: boolean;
}

/**
 * The ways that the copies of one packet took, each as the visits of namespaces that taps saw. A frame that comes in by a wire begins a
 * visit; the frame that was sent into the wire says which visit it came from.
 * @returns the packet itself first: where copies are made of it, it is the last to be sent
 * @source net/bridge/br_forward.c br_flood; net/ipv4/ip_output.c ip_mc_output
 */
export function ways(frames: readonly TapFrame[], layout: Layout): Way[] {
  const { wires, inner, bridges } = layout;
  const open = new Map<string, Visit>();
  const inFlight = new Map<string, Visit[]>();
  const tunnelled = new Map<string, Visit>();
  const visits: Visit[] = [];
  const begin = (ns: string, parent: Visit | null, received: TapHeader | null = null): Visit => {
    const visit: Visit = { hop: { ns, through: [] }, parent, fork: 0, received, left: false, cameBy: 0 };
    visits.push(visit);
    open.set(ns, visit);
    return visit;
  };
  const fly = (to: string, visit: Visit): void => {
    inFlight.set(to, [...(inFlight.get(to) ?? []), visit]);
  };
  for (const [, ns, dev, out, header] of frames) {
    const end = `${ns}/${dev}`;
    // What went into a tunnel may wait for a neighbour while other copies go on.
    const latest = (out && header.vni !== undefined ? tunnelled.get(ns) : undefined) ?? open.get(ns);
    const current = out && !inner.has(end) && dev !== 'lo' && !isOf(latest, header) ? (waitingWith(visits, ns, header) ?? latest) : latest;
    if (dev === 'lo') {
      if (out) {
        fly(end, current ?? begin(ns, null));
        continue;
      }
      // What a host sends to itself is one visit, by the loopback.
      const sent = inFlight.get(end)?.shift() ?? null;
      const visit = sent !== null && sent.hop.in === undefined && !sent.left ? sent : begin(ns, sent);
      visit.hop.in = dev;
      visit.hop.rx = shown(header);
    } else if (inner.has(end)) {
      const through = current?.left === true ? copied(current, dev, out, layout) : undefined;
      let visit = current !== undefined && through !== undefined ? forked(visits, current, through) : current;
      if (visit === undefined || visit.left) visit = begin(ns, null);
      open.set(ns, visit);
      if (!out && bridges.get(`${ns}/${visit.hop.in ?? ''}`) === dev) {
        // A bridge that listens to everything takes a copy up as well.
        if (visit.hop.through.length > 0) visit = forked(visits, visit, []);
        // What it takes up may have met the rules of bridged packets on its port; it is told as the bridge received it.
        visit.hop.rx = shown(header);
        open.set(ns, visit);
      }
      // What leaves by the port that it came by, with nothing between, was turned round by the bridge: hairpin mode.
      const bridge = out && visit.hop.through.at(-1) === dev ? bridges.get(end) : undefined;
      visit.hop.through.push(...(bridge === undefined ? [] : [bridge]), dev);
      if (layout.tunnels.has(end)) {
        if (out) tunnelled.set(ns, visit);
        else visit.cameBy = visit.hop.through.length;
      }
    } else if (out) {
      const through = current !== undefined && header.vni === undefined ? outside(current, layout) : undefined;
      const visit = current === undefined ? begin(ns, null) : current.left ? forked(visits, current, through) : current;
      open.set(ns, visit);
      visit.hop.out = dev;
      visit.hop.tx = shown(header);
      visit.left = true;
      const far = wires.get(end);
      if (far !== undefined) fly(far, visit);
    } else {
      if (header.vni !== undefined) tunnelled.delete(ns);
      const visit = begin(ns, inFlight.get(end)?.shift() ?? null, header);
      visit.hop.in = dev;
      visit.hop.rx = shown(header);
    }
  }
  const parents = new Set(visits.map(({ parent }) => parent));
  const ends = visits.filter((visit) => !parents.has(visit));
  return ends
    .toSorted((a, b) => compareForks(forksOf(b), forksOf(a)))
    .map((last) => ({ hops: wayTo(last, layout), ended: visits.indexOf(last), isForOthers: isForOthers(last.hop, layout) }));
}

function forksOf(last: Visit): number[] {
  const forks: number[] = [];
  for (let visit: Visit | null = last; visit !== null; visit = visit.parent) forks.unshift(visit.fork);
  return forks;
}

function compareForks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((fork, index) => fork !== b[index]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? 0);
}

/** What waited for a neighbour, while others came in after it, when it leaves as it came. */
function waitingWith(visits: readonly Visit[], ns: string, header: TapHeader): Visit | undefined {
  return visits.find((visit) => visit.hop.ns === ns && !visit.left && isOf(visit, header));
}

function isOf(visit: Visit | undefined, { src, dst, ipid, vni }: TapHeader): boolean {
  const was = visit?.received ?? null;
  return was !== null && ipid !== undefined && was.src === src && was.dst === dst && was.ipid === ipid && was.vni === vni;
}

/** Another copy of the packet that made a visit goes another way from here. */
function forked(visits: Visit[], visit: Visit, through: readonly string[] = visit.hop.through): Visit {
  const { out: _out, tx: _tx, ...rest } = visit.hop;
  const { parent, fork, received, cameBy } = visit;
  const copy: Visit = { hop: { ...rest, through: [...through] }, parent, fork: fork + 1, received, left: false, cameBy };
  visits.push(copy);
  return copy;
}

function wayTo(last: Visit, layout: Layout): TruthHop[] {
  const way: TruthHop[] = [];
  for (let visit: Visit | null = isForOthers(last.hop, layout) ? last.parent : last; visit !== null; visit = visit.parent) {
    const { through: _, ...hop } = visit.hop;
    const crossed = withBridge(visit.hop, layout);
    way.unshift(crossed.length === 0 ? hop : { ...hop, through: crossed });
  }
  return way;
}

/** Whether an Ethernet address is a broadcast's or a multicast's. */
export function isGroup(mac: string): boolean {
  return (Number.parseInt(mac.charAt(1), 16) & 1) === 1;
}

/** Taps show frames that are not for this host as well; nobody takes them. @source net/ipv4/ip_input.c ip_rcv_core */
function isForOthers({ ns, in: dev, out, rx }: TruthHop, { bridges, macs }: Layout): boolean {
  if (dev === undefined || dev === 'lo' || out !== undefined || rx === undefined) return false;
  return !isGroup(rx.dmac) && !bridges.has(`${ns}/${dev}`) && rx.dmac !== macs.get(`${ns}/${dev}`);
}

/**
 * What a copy of a packet that has left has crossed: a bridge floods a frame into its tunnel, and takes it up, as well as it sends it out
 * of its other ports.
 */
function copied(visit: Visit, dev: string, out: boolean, layout: Layout): string[] | undefined {
  const { ns, in: from = '', through } = visit.hop;
  if (out) return layout.bridges.has(`${ns}/${dev}`) ? outside(visit, layout) : undefined;
  const port = [from, ...through][visit.cameBy] ?? '';
  return layout.bridges.get(`${ns}/${port}`) === dev ? through.slice(0, visit.cameBy) : undefined;
}

/** What a visit has crossed before it went into a tunnel that is a port of a bridge. */
function outside({ hop: { ns, in: dev, through } }: Visit, { tunnels, bridges }: Layout): string[] {
  const at = through.findLastIndex((name) => tunnels.has(`${ns}/${name}`) && bridges.has(`${ns}/${name}`));
  // What comes out of a tunnel came in by another device with the header of the tunnel.
  return at < 0 || (at === 0 && dev !== undefined && !bridges.has(`${ns}/${dev}`)) ? through : through.slice(0, at);
}

/** A frame that a bridge only passes on from port to port is not received on the bridge itself, so its taps do not show it. */
function withBridge({ ns, in: dev, out, through = [] }: TruthHop, { bridges }: Layout): readonly string[] {
  const bridgeOf = (name: string | undefined): string | undefined => (name === undefined ? undefined : bridges.get(`${ns}/${name}`));
  const crossed: string[] = [];
  const steps = [...(dev === undefined ? [] : [dev]), ...through, ...(out === undefined ? [] : [out])];
  steps.forEach((step, i) => {
    const isInner = i >= (dev === undefined ? 0 : 1) && i < steps.length - (out === undefined ? 0 : 1);
    if (isInner) crossed.push(step);
    const next = steps[i + 1];
    const bridge = bridgeOf(step);
    const before = steps[i - 1];
    // From port to port, or from a port to whatever lies beyond its bridge. Back into the tunnel goes only what has just come out of it; a
    // tunnel that leads back here comes out of itself.
    const hasComeOut = before !== bridge && bridgeOf(before) !== bridge;
    const isPassedOn =
      next !== undefined &&
      bridge !== undefined &&
      next !== bridge &&
      (i === 0 ? dev !== undefined : bridgeOf(next) === bridge && (next !== step || hasComeOut));
    if (isPassedOn) crossed.push(bridge);
  });
  return crossed;
}

/** Whoever is at the far end of a link that leads nowhere has no address of its own; the twin writes it as `-`. */
function named(mac: string): string {
  return mac === SINK_MAC ? '-' : mac;
}

/** A header in the words of the truth. */
export function shown({ src, dst, sport, dport, id, ttl, smac, dmac, vni }: TapHeader): TruthHeader {
  return {
    src,
    dst,
    ttl,
    smac: named(smac),
    dmac: named(dmac),
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(id === undefined ? {} : { id }),
    ...(vni === undefined ? {} : { vni }),
  };
}
