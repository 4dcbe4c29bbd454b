import { packetOf, send, type SendRequest } from '../linux/path/send.ts';
import type { Skb } from '../linux/skb.ts';
import { Recorder } from '../trace/recorder.ts';
import type { Trace } from '../trace/trace.ts';
import { nextBelow } from '../sim/random.ts';
import { ANY, formatIpv4 } from '../wire/ipv4.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { Chooser } from './branches.ts';
import { conntrackView } from './conntrack-view.ts';
import { Engine, pick } from './engine.ts';
import { legsOf } from './legs.ts';
import { cloneSession } from './new-session.ts';
import type { Delivery, Observed } from './observed.ts';
import type { Probe } from './probe.ts';
import { endpointText, verdictOf, type Verdict } from './verdict.ts';
import { protoName } from '../wire/proto.ts';

export interface WalkOptions {
  /** `none` walks without writing anything down: the outcome alone. Default `summary`. */
  readonly record?: 'none' | 'summary' | 'detailed';
}

export const DEFAULT_SPORT = 40_000;
export const DEFAULT_ICMP_ID = 1234;
export const DEFAULT_TTL = 64;
export const DEFAULT_SIZE_BYTES = 32;
/** Branches that `allBranches` walks at most, unless told otherwise. */
export const MAX_BRANCHES = 64;

const engines = new WeakMap<Session, Engine>();

/** The engine of a session, kept until the World changes under it. */
export function engineFor(world: FrozenWorld, session: Session): Engine {
  let engine = engines.get(session);
  if (engine?.world !== world) {
    engine = new Engine(world, session);
    engines.set(session, engine);
  }
  return engine;
}

/** A place to send from that the World does not have. */
export class NoSuchPlace extends Error {
  override readonly name = 'NoSuchPlace';
}

/**
 * Sends one probe and follows everything it calls forth, until nothing moves any more. Its effects stay in the session.
 * @throws NoSuchPlace when the World has no namespace or link end to send from
 */
export function runProbe(world: FrozenWorld, session: Session, probe: Probe, options: WalkOptions = {}): Trace {
  const engine = engineFor(world, session);
  engine.reset();
  const chooser = new Chooser([], (odds) => pick(odds, nextBelow(session.random, 0x1000000) / 0x1000000));
  engine.chooser = chooser;
  const trace = walkOnce(engine, probe, options);
  if (chooser.choices.length > 0) trace.branch = { index: 0, of: 1, odds: chooser.odds, choices: chooser.choices };
  return trace;
}

/**
 * Sends one probe once for every way that chance leaves open. Each starts from the same session; only the first, which a plain walk
 * takes, leaves its effects there.
 */
export function runAllBranches(
  world: FrozenWorld,
  session: Session,
  probe: Probe,
  options: WalkOptions = {},
  maxBranches: number = MAX_BRANCHES,
): Trace[] {
  const before = cloneSession(session);
  const first = runProbe(world, session, probe, options);
  const traces = [first];
  const open: number[][] = [];
  const known = first.branch?.choices ?? [];
  open.push(
    ...alternativesOf(
      known.map((c) => c.picked),
      known.map((c) => c.of),
      0,
    ),
  );
  let truncated = false;
  const odds = new Map<Trace, number>();
  while (open.length > 0) {
    if (traces.length >= maxBranches) {
      truncated = true;
      break;
    }
    const fixed = open.shift();
    if (fixed === undefined) break;
    const copy = cloneSession(before);
    const engine = engineFor(world, copy);
    engine.reset();
    const chooser = new Chooser(fixed, (o) => pick(o, nextBelow(copy.random, 0x1000000) / 0x1000000));
    engine.chooser = chooser;
    const trace = walkOnce(engine, probe, options);
    if (chooser.odds > 0) {
      trace.branch = { index: traces.length, of: 0, odds: chooser.odds, choices: chooser.choices };
      traces.push(trace);
    }
    open.push(
      ...alternativesOf(
        chooser.choices.map((c) => c.picked),
        chooser.choices.map((c) => c.of),
        fixed.length,
      ),
    );
    odds.set(trace, chooser.odds);
  }
  for (const [index, trace] of traces.entries()) {
    const branch = trace.branch ?? { index, of: traces.length, odds: 1, choices: [] };
    trace.branch = { ...branch, index, of: traces.length, ...(truncated ? { truncated: true as const } : {}) };
  }
  return traces;
}

/** The ways that part from a walk at a choice from `from` on. */
function alternativesOf(picked: readonly number[], of: readonly number[], from: number): number[][] {
  const out: number[][] = [];
  for (let i = from; i < picked.length; i++) {
    for (let other = 0; other < (of[i] ?? 0); other++) if (other !== picked[i]) out.push([...picked.slice(0, i), other]);
  }
  return out;
}

function walkOnce(engine: Engine, probe: Probe, options: WalkOptions): Trace {
  const record = options.record ?? 'summary';
  engine.recorder = record === 'none' ? null : new Recorder(record === 'detailed');
  const sent = start(engine, probe);
  engine.run();
  const { observed, recorder } = engine;
  closeSocket(engine);
  return traceOf(probe, sent, observed, verdictOf(observed), recorder);
}

/** Only the source that was chosen is kept: the packet itself changes on its way. */
interface Sent {
  readonly src: string | null;
}

function start(engine: Engine, probe: Probe): Sent {
  const request = requestOf(probe);
  switch (probe.from.kind) {
    case 'netns': {
      const stack = engine.stack(probe.from.machine, probe.from.netns);
      if (stack === null) throw new NoSuchPlace(`there is no namespace ${probe.from.machine}/${probe.from.netns}`);
      engine.probeStack = stack;
      let src: string | null = null;
      const opened = (skb: Skb): void => {
        src = formatIpv4(skb.src);
        if (request.spoof !== null) return;
        if (probe.proto === 'icmp') engine.probeIcmpId = request.sport;
        else openSocket(engine, probe, request, skb);
      };
      send(stack, request, opened);
      return { src: src ?? (request.src === ANY ? null : formatIpv4(request.src)) };
    }
    case 'link': {
      const stack = engine.stack(probe.from.machine, probe.from.netns);
      const device = stack?.netns.deviceByName.get(probe.from.dev);
      if (stack === null || device === undefined) throw new NoSuchPlace(`there is no link ${probe.label}`);
      const skb = packetOf(request);
      skb.dmac = device.link.mac;
      if (engine.recorder !== null) skb.leg = engine.recorder.leg('request');
      skb.local = false;
      engine.expectAtLink(stack, device, skb);
      engine.inject(stack, device, skb);
      return { src: formatIpv4(skb.src) };
    }
    case 'external':
      throw new NoSuchPlace(`${probe.from.host} is not a machine that can send`);
  }
}

function requestOf(probe: Probe): SendRequest {
  return {
    proto: probe.proto,
    src: probe.src ?? ANY,
    dst: probe.dst,
    sport: probe.sport ?? (probe.proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT),
    dport: probe.dport ?? 0,
    ttl: probe.ttl ?? DEFAULT_TTL,
    tos: probe.tos ?? 0,
    mark: probe.mark ?? 0,
    sizeBytes: probe.sizeBytes ?? DEFAULT_SIZE_BYTES,
    df: probe.df ?? false,
    bindDev: probe.bindDev ?? null,
    spoof: probe.spoof ?? null,
  };
}

function openSocket(engine: Engine, probe: Probe, request: SendRequest, skb: Skb): void {
  const proto = probe.proto === 'tcp' ? 'tcp' : 'udp';
  const socket = {
    proto,
    addr: probe.proto === 'tcp' ? skb.src : (probe.src ?? null),
    port: request.sport,
    dev: request.bindDev,
    peer: probe.proto === 'tcp' ? { addr: skb.dst, port: request.dport } : null,
    answers: false,
    mark: request.mark,
    tos: request.tos,
    ttl: request.ttl,
    owner: 'the sender',
  } as const;
  engine.probeSocket = socket;
  engine.probeStack?.session.sockets.push(socket);
}

/** The probe's sockets close with it; those that listeners accepted go too. */
function closeSocket(engine: Engine): void {
  for (const netns of engine.session.netns.values()) if (netns.sockets.length > 0) netns.sockets.length = 0;
}

function deliveredView(d: Delivery): Trace['delivered'] {
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

function traceOf(probe: Probe, sent: Sent, observed: Observed, verdict: Verdict, recorder: Recorder | null): Trace {
  const trace: Trace = {
    trace: 1,
    ...(probe.id === undefined ? {} : { id: probe.id }),
    probe: {
      from: probe.label,
      proto: probe.proto,
      src: sent.src,
      sport: probe.sport ?? (probe.proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT),
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
    legs: recorder === null ? [] : legsOf(recorder),
    conntrack: conntrackView(observed.tracked),
  };
  return trace;
}
