import { packetOf, send, type SendRequest } from '../linux/path/send.ts';
import type { Skb } from '../linux/skb.ts';
import { nextBelow } from '../sim/random.ts';
import { Recorder } from '../trace/recorder.ts';
import type { Outcome } from '../trace/trace.ts';
import { ANY, type Ipv4 } from '../wire/ipv4.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { Chooser, pick } from './branches.ts';
import { boundSockets } from '../linux/path/find-socket.ts';
import { Engine } from './engine.ts';
import type { Observed } from './observed.ts';
import type { Probe } from './probe.ts';
import { outcomeOf } from './outcome.ts';
import { type PortsOfFlows, SeenPorts } from './seen-ports.ts';
import type { ToldPorts } from './told-ports.ts';

export interface WalkOptions {
  /** `none` walks without writing anything down: what was observed alone. Default `summary`. */
  readonly record?: 'none' | 'summary' | 'detailed';
  /** Whether every frame is also written down at every device that it passes, as taps there would. */
  readonly tapped?: boolean;
  /** How long somebody waits for what may still come, in milliseconds. Default: until nothing can. */
  readonly patienceMs?: number;
  /** Source ports that tunnels give; a flow that is not in it gets the twin's own hash. */
  readonly tunnelPorts?: PortsOfFlows;
  /** Whether somebody watches as whoever asks a kernel does, which is not without effect: see `Effects`. */
  readonly watched?: boolean;
  /** Ports that NAT came to; of what is not in it NAT chooses at random. */
  readonly toldPorts?: ToldPorts;
}

export const DEFAULT_SPORT = 40_000;
const LAST_PORT = 65_535;
export const DEFAULT_ICMP_ID = 1234;
export const DEFAULT_TTL = 64;
export const DEFAULT_SIZE_BYTES = 32;

/** One probe followed to its end. Nothing in it is formatted yet; `traceOf` does that. */
export interface Walk {
  readonly probe: SentProbe;
  readonly outcome: Outcome;
  /** The source that the packet left with; null when it was never made. */
  readonly src: Ipv4 | null;
  readonly observed: Observed;
  readonly recorder: Recorder | null;
  /** What was left to chance, and how it fell. */
  readonly chooser: Chooser | null;
}

/** A probe whose source port is known. */
export type SentProbe = Probe & { readonly sport: number };

/** A place to send from that the World does not have. */
export class NoSuchPlace extends Error {
  override readonly name = 'NoSuchPlace';
}

const engines = new WeakMap<Session, Engine>();

/** The engine of a session, kept until the World changes under it. */
function engineFor(world: FrozenWorld, session: Session): Engine {
  let engine = engines.get(session);
  if (engine?.world !== world) {
    engine = new Engine(world, session);
    engines.set(session, engine);
  }
  return engine;
}

/** Forgets what a namespace remembered, as when it is gone. */
export function forgetNetns(session: Session, at: string): void {
  session.netns.delete(at);
  // The engine holds on to what it found there.
  engines.delete(session);
}

/**
 * Sends one probe and follows everything it calls forth, until nothing moves any more. Its effects stay in the session.
 * @param fixed what to pick where something is left to chance, in order of asking; beyond, the session's random source decides
 * @throws NoSuchPlace when the World has no namespace or link end to send from
 */
export function walk(
  world: FrozenWorld,
  session: Session,
  probe: Probe,
  options: WalkOptions = {},
  fixed: readonly number[] | null = null,
): Walk {
  const record = options.record ?? 'summary';
  const engine = engineFor(world, session);
  engine.reset();
  engine.proto = probe.proto;
  engine.isWatched = options.watched ?? false;
  engine.toldPorts = options.toldPorts ?? null;
  engine.seenPorts = options.tunnelPorts === undefined ? null : new SeenPorts(options.tunnelPorts);
  if (record !== 'none') engine.recorder = new Recorder(record === 'detailed', options.tapped ?? false);
  if (record !== 'none' || fixed !== null) {
    engine.chooser = chooserOf(session, fixed ?? []);
  }
  const sent = withSport(engine, probe);
  const src = start(engine, sent);
  engine.run(options.patienceMs);
  engine.sockets.close();
  const { observed, recorder, chooser } = engine;
  return { probe: sent, outcome: outcomeOf(observed), src, observed, recorder, chooser };
}

function chooserOf(session: Session, fixed: readonly number[]): Chooser {
  return new Chooser(fixed, (odds) => pick(odds, nextBelow(session.random, 0x1000000) / 0x1000000));
}

/** Whoever says no port gets one that nobody listens on. @source net/ipv4/inet_hashtables.c __inet_hash_connect, udp.c udp_lib_get_port */
function withSport(engine: Engine, probe: Probe): SentProbe {
  if (hasSport(probe)) return probe;
  const { proto, from } = probe;
  if (proto === 'icmp') return { ...probe, sport: probe.sportFrom ?? DEFAULT_ICMP_ID };
  const stack = from.kind === 'netns' ? engine.stacks.stack(from.machine, from.netns) : null;
  let free = probe.sportFrom ?? DEFAULT_SPORT;
  if (stack !== null) while (free < LAST_PORT && boundSockets(stack, proto, free).length > 0) free++;
  return { ...probe, sport: free };
}

function hasSport(probe: Probe): probe is SentProbe {
  return probe.sport !== undefined;
}

function start(engine: Engine, probe: SentProbe): Ipv4 | null {
  const request = requestOf(probe);
  switch (probe.from.kind) {
    case 'netns': {
      const stack = engine.stacks.stack(probe.from.machine, probe.from.netns);
      if (stack === null) throw new NoSuchPlace(`there is no namespace ${probe.from.machine}/${probe.from.netns}`);
      engine.sockets.stack = stack;
      let src: Ipv4 | null = request.src === ANY ? null : request.src;
      const opened = (skb: Skb): void => {
        src = skb.src;
        if (request.spoof !== null) return;
        if (probe.proto === 'icmp') {
          engine.sockets.openPinger({ id: request.sport, addr: probe.src ?? null, dev: request.bindDev, mark: request.mark });
        } else openSocket(engine, probe, request, skb);
      };
      engine.call(() => send(stack, request, opened));
      return src;
    }
    case 'link': {
      const stack = engine.stacks.stack(probe.from.machine, probe.from.netns);
      const device = stack?.netns.deviceByName.get(probe.from.dev);
      if (stack === null || device === undefined) throw new NoSuchPlace(`there is no link ${probe.label}`);
      const skb = packetOf(request, true);
      skb.dmac = device.mac;
      if (engine.recorder !== null) skb.leg = engine.recorder.leg('request');
      skb.local = false;
      engine.expectAtLink(stack, device, skb);
      engine.inject(stack, device, skb);
      return skb.src;
    }
    case 'external':
      throw new NoSuchPlace(`${probe.from.host} is not a machine that can send`);
  }
}

function requestOf(probe: SentProbe): SendRequest {
  return {
    proto: probe.proto,
    src: probe.src ?? ANY,
    dst: probe.dst,
    sport: probe.sport,
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
  const isTcp = probe.proto === 'tcp';
  engine.sockets.openOwn({
    proto: isTcp ? 'tcp' : 'udp',
    addr: isTcp ? skb.src : (probe.src ?? null),
    port: request.sport,
    dev: request.bindDev,
    peer: isTcp ? { addr: skb.dst, port: request.dport } : null,
    answers: false,
    mark: request.mark,
    tos: request.tos,
    ttl: request.ttl,
    owner: 'the sender',
    ...(isTcp
      ? { handshake: { state: 'syn-sent', nextSeq: null, isTimestamped: false, rebukedAtMs: null, rehashed: 0, via: skb.via } }
      : {}),
  });
}
