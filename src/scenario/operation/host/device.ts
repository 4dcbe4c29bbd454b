import type { Host, Netns } from '../../../linux/netns.ts';
import { farEnd } from '../../../walk/wires.ts';
import type { Bench } from '../bench.ts';
import { OperationError } from '../operation.ts';
import { placeOf } from './place.ts';

/** A device of the draft. */
export interface Device {
  readonly host: Host;
  readonly netns: Netns;
  readonly dev: string;
}

const PEER = '/peer';

/**
 * The device that `on` and `dev` name; `eth0/peer` is whatever its wire leads to, for instance the host's end of a pod's link.
 * @throws OperationError
 */
export function deviceOf(args: { readonly on: string; readonly dev: string }, bench: Bench): Device {
  const { host, netns } = placeOf(args.on, bench);
  if (!args.dev.endsWith(PEER)) return { host, netns, dev: args.dev };
  const dev = args.dev.slice(0, -PEER.length);
  const kind = netns.links.find((link) => link.name === dev)?.kind;
  const wire = kind?.type === 'veth' || kind?.type === 'end' ? kind.wire : null;
  const end = wire === null ? null : farEnd(bench.before, { machine: host.name, netns: netns.name, dev }, wire);
  if (end === null) throw new OperationError(`dev: nothing is at the other end of ${dev}`, 'one end of a veth', args.dev);
  const far = placeOf(`netns/${end.machine}/${end.netns}`, bench);
  return { host: far.host, netns: far.netns, dev: end.dev };
}
