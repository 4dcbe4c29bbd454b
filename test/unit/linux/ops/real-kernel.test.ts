import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../../../src/sim/random.ts';
import { setSysctl } from '../../../../src/linux/ops/set-sysctl.ts';
import { modelAddresses, modelLinks, modelRoutes, modelRules, realAddresses, realLinks, realRoutes, realRules } from '../real/dump.ts';
import { RealNetns, canMakeNamespaces } from '../real/namespace.ts';
import { OpSource } from '../real/random-ops.ts';
import { buildModel, buildReal, modelNetns, runReal } from '../real/topology.ts';

/** Each takes about 0.15 s; PODWALK_SEEDS asks for more. */
const SEEDS = Number(process.env['PODWALK_SEEDS'] ?? 15);
const OPERATIONS = 60;
const possible = canMakeNamespaces();
if (!possible) console.warn(`skipped: ${SEEDS} comparisons of operations with the real kernel need root and ip netns`);

const PROMOTE = 'net.ipv4.conf.all.promote_secondaries';
const AT = 'a';
const PEER = 'b';
const realName = (name: string): string => `pw-ops-${process.pid}-${name}`;

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
    const host = buildModel(AT, PEER);
    if (seed % 3 === 0) {
      setSysctl(modelNetns(host, AT), PROMOTE, '1');
      at.sysctl({ [PROMOTE]: '1' });
    }
    const source = new OpSource(seeded(seed), AT, PEER, realName, { withRules: seed % 2 === 0, ownGateways: true });
    const ops = [...source.first(), ...Array.from({ length: OPERATIONS }, () => source.next())];

    const real = runReal(at, peer, ops).map((result) => (result.ok ? 'ok' : result.error));
    const model = ops.map((op) => op.apply(host));
    const log = (results: readonly string[]): string[] => ops.map(({ command }, i) => `${command} → ${normal(results[i] ?? '')}`);
    const netns = modelNetns(host, AT);

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
