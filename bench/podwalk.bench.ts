/**
 * How fast podwalk is. Figures are best and median of several rounds on one core, with the machine's load beside them: quote them as
 * ratios within one run. `npm run bench podwalk walks` measures one part of it: walks, build or start.
 */
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import path from 'node:path';
import { freeze } from '../src/world/freeze.ts';
import type { FrozenWorld } from '../src/world/world.ts';
import { newSession } from '../src/walk/new-session.ts';
import { traceOf } from '../src/walk/trace-of.ts';
import { walk, type WalkOptions } from '../src/walk/walk.ts';
import { traceText } from '../src/report/trace/text.ts';
import { parseIpv4 } from '../src/wire/ipv4.ts';
import { buildSize, frozenSize } from './clusters.ts';

const ROUNDS = 25;

function seconds(work: () => void): number {
  const from = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - from) / 1e9;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function report(what: string, unit: string, values: readonly number[], higherIsBetter = true): number {
  const best = higherIsBetter ? Math.max(...values) : Math.min(...values);
  console.log(`${what.padEnd(62)} best ${best.toPrecision(4)} median ${median(values).toPrecision(4)} ${unit}`);
  return best;
}

interface Pod {
  readonly machine: string;
  readonly netns: string;
  readonly addr: string;
}

/** The pods of a node with their addresses. */
function podsOf(world: FrozenWorld, machine: string): Pod[] {
  const host = world.machines[machine];
  if (host === undefined) throw new Error(`no machine ${machine}`);
  return Object.values(host.netns).flatMap((netns) => {
    const addr = netns.name === 'root' ? undefined : netns.links.find((l) => l.name === 'eth0')?.addresses[0]?.local;
    return addr === undefined ? [] : [{ machine, netns: netns.name, addr: [24, 16, 8, 0].map((bits) => (addr >>> bits) & 255).join('.') }];
  });
}

/** UDP request and reply between pods on two nodes, a fresh 5-tuple each time. */
function walks(world: FrozenWorld, count: number, record: NonNullable<WalkOptions['record']>, asText = false): number[] {
  const from = podsOf(world, 'node-0000');
  const to = podsOf(world, 'node-0001').map((pod) => {
    const addr = parseIpv4(pod.addr);
    if (addr === null) throw new Error(pod.addr);
    return addr;
  });
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const session = newSession(round + 1);
    const run = (first: number, n: number): void => {
      for (let i = first; i < first + n; i++) {
        const source = from[i % from.length];
        const dst = to[Math.floor(i / from.length) % to.length];
        if (source === undefined || dst === undefined) throw new Error('no pods');
        const done = walk(
          world,
          session,
          {
            label: 'bench',
            from: { kind: 'netns', machine: source.machine, netns: source.netns },
            proto: 'udp',
            dst,
            dport: 5353,
            sport: 10_000 + (i % 50_000),
          },
          { record },
        );
        if (done.outcome !== 'replied') throw new Error(traceOf(done).text);
        if (asText && traceText(traceOf(done), { detail: 'summary' }).length === 0) throw new Error('nothing to show');
      }
    };
    // Neighbours are learned before the clock runs.
    run(0, from.length * to.length);
    rates.push(count / seconds(() => run(from.length * to.length, count)));
  }
  return rates;
}

function build(): void {
  const size = { nodes: 1000, podsPerNode: 100, services: 2000 };
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  const times: number[] = [];
  let kept: unknown;
  for (let round = 0; round < 3; round++) {
    kept = undefined;
    times.push(seconds(() => (kept = freeze(buildSize(size)))));
  }
  global.gc?.();
  const bytes = process.memoryUsage().heapUsed - before;
  report('build and freeze 1,000 nodes x 100 pods, 2,000 services', 's', times, false);
  console.log(`${'memory of it'.padEnd(62)} ${(bytes / 100_000 / 1024).toFixed(2)} KiB a pod`);
  if (kept === undefined) throw new Error('nothing was built');
}

function startUp(): void {
  const root = path.resolve(import.meta.dirname, '..');
  const environment = { ...process.env };
  delete environment['NODE_EXTRA_CA_CERTS'];
  const once = (args: readonly string[]): number =>
    seconds(() => {
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, env: environment, encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    }) * 1000;
  const trace = ['dist/bin/podwalk.js', 'trace', 'scenarios/azure.yaml', '--from', 'default/client', '--to', 'default/web:80'];
  const extra = Array.from({ length: 15 }, () => once(trace) - once(['-e', '0']));
  report('podwalk trace, over node -e 0', 'ms', extra, false);
}

function walking(): void {
  const small = frozenSize({ nodes: 2, podsPerNode: 50, services: 100 });
  const plain = report('walks, 100 services, not recorded', 'walks/s', walks(small, 5_000, 'none'));
  report('walks, 100 services, recorded', 'walks/s', walks(small, 5_000, 'summary'));
  report('walks, 100 services, rendered as text', 'walks/s', walks(small, 2_000, 'summary', true));
  const large = report(
    'walks, 10,000 services, not recorded',
    'walks/s',
    walks(frozenSize({ nodes: 2, podsPerNode: 50, services: 10_000 }), 5_000, 'none'),
  );
  console.log(`${'10,000 services cost, per walk'.padEnd(62)} ${(plain / large).toFixed(2)} times as much`);
}

const PARTS = { walks: walking, build, start: startUp };
const asked = process.argv[2];

console.log(
  `load ${loadavg()
    .map((l) => l.toFixed(2))
    .join(' ')}, node ${process.version}`,
);
for (const [name, measure] of Object.entries(PARTS)) if (asked === undefined || asked === name) measure();
console.log(
  `load ${loadavg()
    .map((l) => l.toFixed(2))
    .join(' ')}`,
);
