import fc from 'fast-check';
import { describe, it } from 'vitest';
import { parseRule } from '../../src/linux/netfilter/parse-rule.ts';
import type { Chain } from '../../src/linux/netfilter/rule.ts';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import type { Trace } from '../../src/trace/trace.ts';
import { runAllBranches, runProbe } from '../../src/walk/run-probe.ts';
import { walk } from '../../src/walk/walk.ts';
import type { Session } from '../../src/world/session.ts';
import { freeze } from '../../src/world/freeze.ts';
import type { FrozenWorld, World } from '../../src/world/world.ts';
import { type Flow, build, freshSession, probeFor } from './support/built.ts';
import { type Facts, factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { type DrawnFlow, drawnFlow, flowIn } from './support/flows.ts';
import { leftBehind, noticed } from './support/noticed.ts';
import { after } from './support/operations.ts';
import { type ClusterScenario, clusters } from './support/recipe.ts';

const drawn = fc.tuple(clusters, fc.array(drawnFlow, { minLength: 1, maxLength: 12 }), fc.integer());

function flowsIn(scenario: ClusterScenario, world: FrozenWorld, flows: readonly DrawnFlow[]): Flow[] {
  const facts = factsOf(scenario, world);
  return flows.map((one) => flowIn(facts, one)).map(({ from, to, proto = 'tcp' }) => ({ from, to, proto }));
}

function find({ from, to, proto }: Flow, sentence: string): Find {
  return { sentence: `${from} -> ${to}: ${sentence}`, checks: [{ from, to, ...(proto === undefined ? {} : { proto }) }] };
}

describe('walks of one cluster', () => {
  it('are the same bytes in two runs with one seed', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'two runs with one seed give the same bytes',
      drawn,
      ([scenario]) => scenario,
      ([scenario, flows, seed]) => {
        const run = (): string => {
          const world = build(scenario);
          const session = freshSession(world, seed);
          const traces = flowsIn(scenario, world, flows).flatMap((flow): Trace[] => {
            const probe = probeFor(world, flow);
            return probe === null ? [] : [runProbe(world, session, probe, { record: 'detailed' })];
          });
          return JSON.stringify([world, traces, leftBehind(session)]);
        };
        return run() === run() ? [] : [{ sentence: 'the second run differs' }];
      },
      40,
    );
  });

  it('come to the same whether nothing, steps or near misses are written down', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'what is recorded changes nothing',
      drawn,
      ([scenario]) => scenario,
      ([scenario, flows, seed]) => {
        const world = build(scenario);
        const [none, summary, detailed] = [freshSession(world, seed), freshSession(world, seed), freshSession(world, seed)];
        return flowsIn(scenario, world, flows).flatMap((flow) => {
          const probe = probeFor(world, flow);
          if (probe === null) return [];
          const bare = noticed(walk(world, none, probe, { record: 'none' }));
          const same =
            bare === noticed(walk(world, summary, probe, { record: 'summary' })) &&
            bare === noticed(walk(world, detailed, probe, { record: 'detailed' }));
          const left = leftBehind(none);
          if (!same) return [find(flow, 'the outcome depends on what is recorded')];
          return left === leftBehind(summary) && left === leftBehind(detailed)
            ? []
            : [find(flow, 'what stays depends on what is recorded')];
        });
      },
      60,
    );
  });

  it('come to the same whether rules are found by their index or read one after the other', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'the index of rules changes nothing',
      fc.tuple(clusters, fc.array(drawnFlow, { minLength: 1, maxLength: 12 }), fc.array(drawnRule, { minLength: 8, maxLength: 30 })),
      ([scenario]) => scenario,
      ([scenario, flows, rules]) => {
        const built = build(scenario);
        const step = withRules(factsOf(scenario, built), rules);
        const world = after(built, step, freshSession(built));
        const linear = inShortChains(world);
        return flowsIn(scenario, world, flows).flatMap((flow): Find[] => {
          const probe = probeFor(world, flow);
          if (probe === null) return [];
          const [indexed, inOrder] = [world, linear].map((one) => fates(runAllBranches(one, freshSession(one), probe)));
          if (indexed === inOrder) return [];
          return [
            {
              sentence: `${flow.from} -> ${flow.to}: by the index ${indexed}, one after the other ${inOrder}`,
              steps: [step, { walk: flow }],
            },
          ];
        });
      },
      60,
    );
  });

  it('come to the same in a session that knows everybody and in one that has forgotten all', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'first packets fare alike in a cold and in a warm session',
      drawn,
      ([scenario]) => scenario,
      ([scenario, flows]) => {
        const world = build(withoutAffinity(scenario));
        return flowsIn(scenario, world, flows).flatMap((flow) => {
          const probe = probeFor(world, flow);
          if (probe === null) return [];
          const cold: Session = { ...freshSession(world), cold: true };
          const warm = freshSession(world);
          runAllBranches(world, warm, { ...probe, sport: 20_000 });
          const ways = [cold, warm].map((session) => fates(runAllBranches(world, session, probe)));
          return ways[0] === ways[1] ? [] : [find(flow, `cold it goes ${ways[0]}, warm ${ways[1]}`)];
        });
      },
      40,
    );
  });
});

const drawnRule = fc.record({
  dst: fc.option(fc.nat(30)),
  port: fc.option(fc.nat(30)),
  src: fc.option(fc.nat(30), { freq: 1 }),
  udp: fc.boolean(),
  target: fc.constantFrom('DROP', 'REJECT', 'ACCEPT', 'RETURN', 'MARK --set-xmark 0x1/0x1'),
});

/** A long chain of rules on the first node, about the addresses and ports that are there. */
function withRules(
  { pods, nodes, services, outside }: Facts,
  rules: readonly (typeof drawnRule extends fc.Arbitrary<infer T> ? T : never)[],
): StepEntry {
  const addresses = [...pods, ...nodes, ...outside].map(({ addr }) => addr);
  const ports = [22, 53, 80, 8001, 8002, 8003, ...services.flatMap(({ port, nodePort }) => [port, ...(nodePort > 0 ? [nodePort] : [])])];
  const lines = rules.map(({ dst, port, src, udp, target }) => {
    const proto = udp ? 'udp' : 'tcp';
    const from = src === null ? '' : `-s ${addresses[src % addresses.length]} `;
    const to = dst === null ? '' : `-d ${addresses[dst % addresses.length]} `;
    const at = port === null ? '' : `-p ${proto} -m ${proto} --dport ${ports[port % ports.length]} `;
    return `-A EXTRA ${from}${to}${at}-j ${target}\n`;
  });
  const jumps = ['FORWARD', 'INPUT', 'OUTPUT'].map((chain) => `-I ${chain} -j EXTRA\n`);
  return { 'apply-iptables': { on: nodes[0]?.name ?? '', text: `*filter\n:EXTRA - [0:0]\n${lines.join('')}${jumps.join('')}COMMIT\n` } };
}

/**
 * The same rules in chains too short to be indexed: the rest of a long chain stands in another one that it goes to. A `goto` leaves RETURN
 * and the end of the chain as they are.
 */
function inShortChains(world: FrozenWorld): FrozenWorld {
  const copy: World = structuredClone(world);
  for (const { netns } of Object.values(copy.machines)) {
    for (const tables of Object.values(netns)) {
      for (const name of TABLES) {
        const table = tables.iptables[name];
        if (table !== undefined) tables.iptables = { ...tables.iptables, [name]: { ...table, chains: table.chains.flatMap(cut) } };
      }
    }
  }
  return freeze(copy);
}

const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security'] as const;
const SHORT = 6;

function cut(chain: Chain): Chain[] {
  const parts = Math.ceil(chain.rules.length / SHORT);
  if (parts < 2) return [chain];
  const nameOf = (part: number): string => (part === 0 ? chain.name : `${chain.name}~${part}`);
  return Array.from({ length: parts }, (_, part): Chain => {
    const rules = chain.rules.slice(part * SHORT, (part + 1) * SHORT);
    const next = part + 1 < parts ? [parseRule(`-g ${nameOf(part + 1)}`, null)] : [];
    return { name: nameOf(part), policy: part === 0 ? chain.policy : null, rules: [...rules, ...next] };
  });
}

/** Session affinity is there to make the second connection go where the first went. */
function withoutAffinity(scenario: ClusterScenario): ClusterScenario {
  const services = scenario.services?.map((service) => ({ ...service, sessionAffinity: 'None' as const }));
  return services === undefined ? scenario : { ...scenario, services };
}

/** The ways that a flow may end, by who took it, whom the receiver saw and who answered; source ports are chosen at random. */
function fates(traces: readonly Trace[]): string {
  const address = (text: string | undefined): string => text?.split(':')[0] ?? '-';
  const all = traces.map(
    ({ outcome, delivered, reply }) => `${outcome} ${delivered?.dst ?? '-'} ${address(delivered?.src)} ${reply?.from ?? '-'}`,
  );
  return [...new Set(all)].sort().join(' | ');
}
