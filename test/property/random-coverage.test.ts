import { explicitSysctls } from '../../src/linux/sysctl.ts';
import { expect, it } from 'vitest';
import { MATCHES } from '../../src/linux/netfilter/match/registry.ts';
import { TARGETS } from '../../src/linux/netfilter/target/registry.ts';
import type { Netns } from '../../src/linux/netns.ts';
import { randomCase, type RandomCase } from '../../src/snapshot/random/case.ts';
import { worldsOf } from '../../src/snapshot/kernel/edits.ts';
import type { Trace } from '../../src/trace/trace.ts';
import { cloneSession } from '../../src/walk/new-session.ts';
import { runProbe } from '../../src/walk/run-probe.ts';

const FIRST = 1;
const CASES = 250 * Number(process.env['PROPERTY_RUNS'] ?? 1);

/** How often each thing came up, by kind. */
type Counts = Map<string, Map<string, number>>;

function count(counts: Counts, kind: string, what: string): void {
  const of = counts.get(kind) ?? new Map<string, number>();
  counts.set(kind, of.set(what, (of.get(what) ?? 0) + 1));
}

/** Left out on purpose: what no packet here can be, and what only a tool beside the packet's way sees. */
const NOT_DRAWN = new Set(['unmodelled', 'sctp', 'nfacct', 'TRACE']);

function countTables(counts: Counts, netns: Netns): void {
  const backEnds = (['iptables', 'iptablesLegacy'] as const).filter((backEnd) => Object.keys(netns[backEnd] ?? {}).length > 0);
  if (backEnds.length > 0) count(counts, 'rules', backEnds.join(' and '));
  for (const table of [...Object.values(netns.iptables), ...Object.values(netns.iptablesLegacy ?? {})]) {
    for (const { rules } of table.chains) {
      for (const { matches, target } of rules) {
        for (const { m } of matches) count(counts, 'match', m);
        count(counts, 'target', target.t === 'CT' && target.alias ? 'NOTRACK' : target.t);
        if (target.t === 'REJECT') count(counts, 'reject', target.with);
      }
    }
  }
  for (const { type } of netns.ipsets) count(counts, 'ipset', type);
  for (const { routes } of netns.fib) {
    for (const { type, nexthops, tos, metric, src, mtuBytes, protocol } of routes) {
      if (protocol === 'kernel') continue;
      count(counts, 'route', nexthops.length > 1 ? 'multipath' : type);
      if (nexthops.some(({ onlink }) => onlink)) count(counts, 'route', 'onlink');
      for (const [name, has] of Object.entries({ tos: tos > 0, metric: metric > 0, src: src !== null, mtu: mtuBytes !== null }))
        if (has) count(counts, 'route', name);
    }
  }
  for (const rule of netns.rules) {
    if (rule.protocol === 'kernel') continue;
    count(counts, 'policy action', rule.action.type);
    for (const [name, value] of Object.entries(rule))
      if (value !== null && value !== false && value !== 0) count(counts, 'policy selector', name);
  }
  for (const [name] of explicitSysctls(netns.sysctls)) count(counts, 'sysctl', name.replace(/(conf|neigh)\.[^.]+\./, '$1.*.'));
  for (const { state } of netns.neighbours) count(counts, 'neighbour', state);
  if (netns.proxyNeighbours.length > 0) count(counts, 'neighbour', 'proxy');
  for (const { kind, promisc, port } of netns.links) {
    count(counts, 'link', kind.type);
    if (promisc) count(counts, 'link', 'promisc');
    for (const [name, value] of Object.entries(port ?? {})) count(counts, 'port', `${name} ${value}`);
  }
}

function tracesOf(one: RandomCase): Trace[] {
  const worlds = worldsOf(one);
  let session = cloneSession(one.session);
  return one.probes.map((probe, i) => {
    if (one.state !== 'shared') session = cloneSession(one.session);
    return runProbe(worlds[i] ?? one.world, session, probe, { record: 'detailed' });
  });
}

function countTrace(counts: Counts, trace: Trace): void {
  count(counts, 'outcome', trace.outcome);
  if (trace.reason !== null) count(counts, 'reason', trace.reason);
  if (trace.errno !== null) count(counts, 'errno', trace.errno);
  for (const { type, code } of trace.icmpErrors) count(counts, 'icmp error', `${type}/${code}`);
  if (trace.branch !== undefined) count(counts, 'trace', 'branch');
  for (const { kind, hops, fragments } of trace.legs) {
    count(counts, 'leg', kind);
    if (fragments !== undefined) count(counts, 'trace', 'fragments');
    for (const { steps } of hops) {
      for (const { rule, stage, verb } of steps) {
        count(counts, 'verb', verb);
        if (rule === undefined) continue;
        count(counts, 'rule in', stage);
        for (const [, name = ''] of rule.text.matchAll(/(?<=^| )-m (\S+)/g)) count(counts, 'matched', name);
        const target = / -j ([A-Z]+)( |$)/.exec(` ${rule.text}`)?.[1];
        if (target !== undefined && TARGETS.has(target)) count(counts, 'hit', target);
      }
    }
  }
}

function tableOf(counts: Counts): string {
  return [...counts]
    .map(([kind, of]) => {
      const all = [...of].sort((a, b) => b[1] - a[1]).map(([what, n]) => `${what} ${n}`);
      return `${kind}: ${all.join(', ')}`;
    })
    .join('\n');
}

it(`everything that podwalk knows comes up in ${CASES} random networks`, { timeout: 120_000 * CASES }, () => {
  const counts: Counts = new Map();
  for (let seed = FIRST; seed < FIRST + CASES; seed++) {
    const one = randomCase(seed);
    count(counts, 'state', one.state);
    for (const { kind } of one.edits) count(counts, 'edit', kind);
    for (const netns of Object.values(one.world.machines['lab']?.netns ?? {})) countTables(counts, netns);
    for (const probe of one.probes) for (const key of Object.keys(probe)) count(counts, 'probe', key);
    for (const trace of tracesOf(one)) countTrace(counts, trace);
  }
  if (process.env['RANDOM_COVERAGE'] !== undefined) console.warn(tableOf(counts));
  const missing = (kind: string, expected: Iterable<string>): string[] =>
    [...expected].filter((what) => !NOT_DRAWN.has(what) && counts.get(kind)?.has(what) !== true).map((what) => `${kind} ${what}`);
  expect([
    ...missing('match', Object.keys(MATCHES)),
    ...missing('matched', Object.keys(MATCHES)),
    ...missing('hit', TARGETS.keys()),
    ...missing('outcome', ['replied', 'delivered', 'dropped', 'icmp-error', 'reset', 'send-error']),
    ...missing('errno', ['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'EMSGSIZE', 'EPERM']),
    ...missing('route', ['multipath', 'blackhole', 'unreachable', 'prohibit', 'throw', 'local', 'tos', 'metric', 'src', 'mtu', 'onlink']),
    ...missing('policy action', ['table', 'goto', 'nop', 'blackhole', 'unreachable', 'prohibit']),
    ...missing('leg', ['request', 'reply', 'ack', 'reset', 'icmp-error', 'redirect']),
    ...missing('trace', ['branch', 'fragments']),
    ...missing('rules', ['iptables', 'iptablesLegacy', 'iptables and iptablesLegacy']),
    ...missing('edit', ['iptables', 'sysctl', 'route']),
    ...missing('state', ['cold', 'fresh', 'shared']),
  ]).toEqual([]);
});
