import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../../../src/sim/random.ts';
import { mac } from '../../../../src/wire/mac.ts';
import type { Host, Netns } from '../../../../src/linux/netns.ts';
import { addLink, addVethPair } from '../../../../src/linux/ops/add-link.ts';
import { createHost, createNetns } from '../../../../src/linux/ops/create-netns.ts';
import { modelAddresses, modelLinks, modelRoutes, modelRules, realAddresses, realLinks, realRoutes, realRules } from '../real/dump.ts';
import { type BatchResult, RealNetns, canMakeNamespaces } from '../real/namespace.ts';
import { OpSource, type RandomOp } from '../real/random-ops.ts';

/** Each takes about 0.15 s; PODWALK_SEEDS asks for more. */
const SEEDS = Number(process.env['PODWALK_SEEDS'] ?? 20);
const OPERATIONS = 60;
const possible = canMakeNamespaces();
if (!possible) console.warn(`skipped: ${SEEDS} comparisons of operations with the real kernel need root and ip netns`);

const AT = 'a';
const PEER = 'b';
const realName = (name: string): string => `pw-ops-${name}`;

function netnsOf(host: Host, name: string): Netns {
  const netns = host.netns[name];
  if (netns === undefined) throw new RangeError(name);
  return netns;
}

/** Four veth pairs and a bridge, everything down. */
function build(): Host {
  const host = createHost('m', 'node');
  createNetns(host, AT);
  createNetns(host, PEER);
  for (let i = 0; i < 4; i++) {
    const end = { netns: AT, name: `e${i}`, mac: mac(`02:00:00:00:00:0${i}`) };
    addVethPair(host, end, { netns: PEER, name: `p${i}`, mac: mac(`02:00:00:00:01:0${i}`) });
  }
  addLink(netnsOf(host, AT), {
    name: 'br0',
    kind: { type: 'bridge', vlanFiltering: false, stp: false, ageingMs: 300_000 },
    mac: mac('02:00:00:00:02:00'),
  });
  return host;
}

function buildReal(at: RealNetns, peer: RealNetns): void {
  const pairs = [0, 1, 2, 3].map(
    (i) => `link add e${i} address 02:00:00:00:00:0${i} type veth peer name p${i} address 02:00:00:00:01:0${i} netns ${peer.name}`,
  );
  for (const result of at.batch([...pairs, 'link add br0 type bridge'])) if (!result.ok) throw new Error(result.error);
}

/** Runs the operations in order; those on the far ends go to the far namespace. */
function runReal(at: RealNetns, peer: RealNetns, ops: readonly RandomOp[]): BatchResult[] {
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

describe.skipIf(!possible)('operations against the real kernel', () => {
  let at: RealNetns;
  let peer: RealNetns;
  beforeAll(() => {
    at = new RealNetns(realName(AT));
    peer = new RealNetns(realName(PEER));
  });
  afterAll(() => {
    at.delete();
    peer.delete();
  });

  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('leave the same tables and print the same refusals (series %i)', (seed) => {
    at.delete();
    peer.delete();
    at = new RealNetns(realName(AT));
    peer = new RealNetns(realName(PEER));
    buildReal(at, peer);
    const host = build();
    const source = new OpSource(seeded(seed), AT, PEER, realName, seed % 2 === 0);
    const ops = [...source.first(), ...Array.from({ length: OPERATIONS }, () => source.next())];

    const real = runReal(at, peer, ops).map((result) => (result.ok ? 'ok' : result.error));
    const model = ops.map((op) => op.apply(host));
    const log = (results: readonly string[]): string[] => ops.map(({ command }, i) => `${command} → ${normal(results[i] ?? '')}`);
    const netns = netnsOf(host, AT);

    expect({
      log: log(model),
      routes: modelRoutes(netns),
      addresses: modelAddresses(netns),
      rules: modelRules(netns),
      links: modelLinks(netns).map(withoutCarrier),
    }).toEqual({
      log: log(real),
      routes: realRoutes(at),
      addresses: realAddresses(at),
      rules: realRules(at),
      links: realLinks(at).map(withoutCarrier),
    });
  });
});

/** A table that lost its last route is still there for the kernel. */
function normal(result: string): string {
  return result === 'Error: FIB table does not exist.' ? 'RTNETLINK answers: No such process' : result;
}

/** The kernel tells of a carrier a moment later; the tables do not depend on it. */
function withoutCarrier(line: string): string {
  return line.replace(' carrier', '');
}
