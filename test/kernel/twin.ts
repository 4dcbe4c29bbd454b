import { createNetnsSession } from '../../src/linux/netns-session.ts';
import type { Stack } from '../../src/linux/stack.ts';
import type { SnapshotDirectory } from '../../src/snapshot/directory.ts';
import { readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import { sessionOf } from '../../src/snapshot/session.ts';
import type { Probe } from '../../src/walk/probe.ts';
import { runProbe } from '../../src/walk/run-probe.ts';
import { formatIpv4, ip } from '../../src/wire/ipv4.ts';
import { freeze } from '../../src/world/freeze.ts';
import type { World } from '../../src/world/world.ts';
import type { TwinRun } from './compare.ts';
import { netnsOf } from './rows.ts';
import type { TruthNeighbour } from './truth.ts';

/** About how long the recorder took for a probe. */
const PROBE_MS = 3;

/** A snapshot ready for probes, each of which starts from a cold state. */
export interface Twin {
  send(line: string): TwinRun;
}

/** A line of probes.jsonl. */
interface ProbeLine {
  readonly id: string;
  readonly from: string;
  readonly proto: Probe['proto'];
  readonly dst: string;
  readonly dport?: number;
  readonly sport?: number;
  readonly src?: string;
  readonly ttl?: number;
  readonly size?: number;
  readonly df?: boolean;
  readonly mark?: number;
  readonly tos?: number;
  readonly spoof?: string;
}

/** @throws Error when the snapshot has problems. */
export function openTwin(directory: SnapshotDirectory): Twin {
  const snapshot = readSnapshot(directory);
  const { world, problems } = snapshot;
  if (problems.length > 0) throw new Error(`the snapshot cannot be read: ${JSON.stringify(problems[0])}`);
  const frozen = freeze(world);
  const bridges = bridgesOf(world);
  const vxlanPorts = vxlanPortsOf(world);
  const emptyChains = emptyChainsOf(world);
  const icmpRates = new Map<string, Stack['session']['errorBuckets']>();
  let nowMs = 0;
  return {
    send(line) {
      const session = sessionOf(snapshot, { cold: true });
      // The recorder flushed conntrack and neighbours between probes; the kernel's memory of ICMP rates outlives that.
      session.clock.nowMs = nowMs += PROBE_MS;
      for (const [at, buckets] of icmpRates) {
        const netns = createNetnsSession(at);
        netns.cold = true;
        for (const [peer, bucket] of buckets) netns.errorBuckets.set(peer, bucket);
        session.netns.set(at, netns);
      }
      const trace = runProbe(frozen, session, probeOf(JSON.parse(line) as ProbeLine), { record: 'detailed' });
      for (const [at, netns] of session.netns) icmpRates.set(at, netns.errorBuckets);
      const neighbours = new Map([...session.netns].map(([at, netns]) => [netnsOf(at), learned(netns)]));
      return { trace, neighbours, bridges, vxlanPorts, emptyChains };
    },
  };
}

function probeOf(line: ProbeLine): Probe {
  const [, machine = '', netns = ''] = line.from.split('/');
  const { id, proto, dport, sport, ttl, df, mark, tos } = line;
  const optional = { dport, sport, ttl, df, mark, tos, sizeBytes: line.size, src: address(line.src), spoof: address(line.spoof) };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<Probe>;
  return { id, label: line.from, from: { kind: 'netns', machine, netns }, proto, dst: ip(line.dst), ...given };
}

function address(text: string | undefined): Probe['src'] {
  return text === undefined ? undefined : ip(text);
}

function learned(session: Stack['session']): TruthNeighbour[] {
  const rows: TruthNeighbour[] = [];
  for (const [dev, entries] of session.neighbours) {
    for (const { ip: addr, mac, state } of entries.values()) rows.push({ dev, ip: formatIpv4(addr), mac, state });
  }
  return rows;
}

function namespaces(world: World) {
  return Object.values(world.machines).flatMap((host) => Object.values(host.netns));
}

function emptyChainsOf(world: World): Set<string> {
  const chains = namespaces(world).flatMap((netns) =>
    Object.values(netns.iptables).flatMap((table) =>
      table.chains
        .filter(({ policy, rules }) => policy !== null && rules.length === 0)
        .map(({ name }) => `${netns.name} ${table.name} ${name}`),
    ),
  );
  return new Set(chains);
}

function bridgesOf(world: World): Map<string, Map<string, string>> {
  const ports = ({ links }: ReturnType<typeof namespaces>[number]): [string, string][] =>
    links.flatMap(({ name, master }) => (master === null ? [] : [[name, master]]));
  return new Map(namespaces(world).map((netns) => [netns.name, new Map(ports(netns))]));
}

function vxlanPortsOf(world: World): Set<number> {
  return new Set(namespaces(world).flatMap(({ links }) => links.flatMap(({ kind }) => (kind.type === 'vxlan' ? [kind.port] : []))));
}
