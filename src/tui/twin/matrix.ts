import { probeOf } from '../../scenario/probe.ts';
import { cloneSession } from '../../walk/new-session.ts';
import { runProbe } from '../../walk/run-probe.ts';
import type { Outcome } from '../../trace/trace.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Place } from './endpoints.ts';
import type { Moment } from './moment.ts';
import { type Request, probeRequest } from './request.ts';

/** Whose address the receiver saw: the sender's own, a node's, a public or virtual one of Azure, or another. */
export type SourceClass = 'own' | 'node' | 'public' | 'other';

/** One cell of the reachability matrix. */
export interface Cell {
  readonly outcome: Outcome | 'impossible';
  /** The address that the receiver saw, and whose it is; null where nothing arrived. */
  readonly seen: { readonly address: string; readonly whose: SourceClass } | null;
  readonly text: string;
}

/** The packet that a cell stands for. */
export function requestOfCell(from: Place, to: Place): Request {
  return { from: from.name, to: to.name, port: to.port, proto: to.proto };
}

/** Walks one cell; nothing of it stays. */
export function cellOf(from: Place, to: Place, { world, session }: Moment): Cell {
  const probe = probeOf(probeRequest(requestOfCell(from, to)), world);
  if ('field' in probe) return { outcome: 'impossible', seen: null, text: probe.message };
  const { outcome, text, delivered, probe: sent } = runProbe(world, cloneSession(session), probe, { record: 'none' });
  if (delivered === null) return { outcome, seen: null, text };
  const address = bare(delivered.src);
  return { outcome, seen: { address, whose: sent.src === address ? 'own' : ownerOf(address, world) }, text };
}

function bare(socket: string): string {
  return socket.split(':')[0] ?? socket;
}

const nodeAddresses = new WeakMap<FrozenWorld, ReadonlySet<string>>();

function ownerOf(address: string, world: FrozenWorld): SourceClass {
  let nodes = nodeAddresses.get(world);
  if (nodes === undefined)
    nodeAddresses.set(world, (nodes = new Set(Object.values(world.cluster?.nodes ?? {}).map(({ addr }) => formatIpv4(addr)))));
  if (nodes.has(address)) return 'node';
  return isPrivate(address) ? 'other' : 'public';
}

/** @source RFC 1918, RFC 6598, RFC 3927 */
function isPrivate(address: string): boolean {
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|127\.)/.test(address);
}
