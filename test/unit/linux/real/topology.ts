import type { Host, Netns } from '../../../../src/linux/netns.ts';
import { addLink, addVethPair } from '../../../../src/linux/ops/add-link.ts';
import { createHost, createNetns } from '../../../../src/linux/ops/create-netns.ts';
import { mac } from '../../../../src/wire/mac.ts';
import type { BatchResult, RealNetns } from './namespace.ts';
import type { RandomOp } from './random-ops.ts';

/** A namespace of the model that must exist. */
export function modelNetns(host: Host, name: string): Netns {
  const netns = host.netns[name];
  if (netns === undefined) throw new RangeError(name);
  return netns;
}

/** Four veth pairs between two namespaces and a bridge in the first, everything down. */
export function buildModel(at: string, peer: string): Host {
  const host = createHost('m', 'node');
  createNetns(host, at);
  createNetns(host, peer);
  for (let i = 0; i < 4; i++) {
    const end = { netns: at, name: `e${i}`, mac: mac(`02:00:00:00:00:0${i}`) };
    addVethPair(host, end, { netns: peer, name: `p${i}`, mac: mac(`02:00:00:00:01:0${i}`) });
  }
  addLink(modelNetns(host, at), {
    name: 'br0',
    kind: { type: 'bridge', vlanFiltering: false, stp: false, ageingMs: 300_000 },
    mac: mac('02:00:00:00:02:00'),
  });
  return host;
}

/** The same of the running kernel. */
export function buildReal(at: RealNetns, peer: RealNetns): void {
  const pairs = [0, 1, 2, 3].map(
    (i) => `link add e${i} address 02:00:00:00:00:0${i} type veth peer name p${i} address 02:00:00:00:01:0${i} netns ${peer.name}`,
  );
  for (const result of at.batch([...pairs, 'link add br0 type bridge'])) if (!result.ok) throw new Error(result.error);
}

/** Runs the operations in order; those on the far ends go to the far namespace. */
export function runReal(at: RealNetns, peer: RealNetns, ops: readonly RandomOp[]): BatchResult[] {
  const results: BatchResult[] = [];
  const marker = 'netns-of-peer ';
  for (let i = 0; i < ops.length;) {
    const far = ops[i]?.command.startsWith(marker) === true;
    let end = i;
    while (end < ops.length && (ops[end]?.command.startsWith(marker) === true) === far) end++;
    const lines = ops.slice(i, end).map((op) => op.command.replace(marker, ''));
    results.push(...(far ? peer : at).batch(lines));
    i = end;
  }
  return results;
}
