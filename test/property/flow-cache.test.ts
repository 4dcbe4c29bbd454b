import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import { walk } from '../../src/walk/walk.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { type Flow, build, freshSession, probeFor } from './support/built.ts';
import { type Facts, factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { type DrawnFlow, drawnFlow, flowIn } from './support/flows.ts';
import { leftBehind, noticed } from './support/noticed.ts';
import { after } from './support/operations.ts';
import { clusters, clustersIn } from './support/recipe.ts';

/** Small choices, so that flows meet again in some of the fields that rules and routes could ask for, and differ in the others. */
const drawnPacket = fc.record({
  flow: fc.nat(5),
  sport: fc.constantFrom(40_000, 40_001, 53, 1024),
  port: fc.option(fc.constantFrom(53, 8001, 8002, 8003)),
  ttl: fc.constantFrom(64, 64, 64, 33, 3),
  tos: fc.constantFrom(0, 0, 0x10),
  mark: fc.constantFrom(0, 0, 1),
  size: fc.constantFrom(32, 32, 1450, 3000),
  clock: fc.constantFrom(0, 0, 0, 1000, 40_000),
});

const SELECTORS = [
  '-p udp -m udp --sport 40000',
  '-p tcp -m tcp --sport 1024:40000',
  '-p udp -m udp --dport 53',
  '-p tcp -m tcp ! --dport 8001',
  '-p tcp -m multiport --dports 80,8001',
  '-p udp -m multiport --ports 53,40001',
  '-p tcp -m tcp --tcp-flags SYN,ACK SYN',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate ESTABLISHED',
  '-m conntrack --ctdir REPLY',
  '-m conntrack --ctstatus ASSURED',
  '-m conntrack --ctorigsrcport 40001',
  '-m mark --mark 0x1/0x1',
  '-m tos --tos 0x10/0xff',
  '-m ttl --ttl-lt 60',
  '-m length --length 0:100',
  '-m connmark --mark 0x4/0x4',
  '-m addrtype --dst-type LOCAL',
  '-m statistic --mode nth --every 3 --packet 0',
  '-m statistic --mode random --probability 0.5',
  '-m limit --limit 1/minute --limit-burst 2',
  '-m recent --name seen --set',
  '-i eth0',
  '-o eth0',
  '',
] as const;

/** So many of them ask for ports. */
const PORT_SELECTORS = 6;

const PLACES = [
  ['filter', 'FORWARD', ['DROP', 'REJECT', 'ACCEPT', 'RETURN', 'OTHER']],
  ['filter', 'INPUT', ['DROP', 'REJECT', 'ACCEPT', 'OTHER']],
  ['filter', 'OUTPUT', ['DROP', 'ACCEPT', 'OTHER']],
  ['mangle', 'PREROUTING', ['MARK --set-xmark 0x1/0x1', 'CONNMARK --set-xmark 0x4/0x4', 'ACCEPT', 'DROP', 'TTL --ttl-set 40']],
  ['mangle', 'FORWARD', ['MARK --set-xmark 0x1/0x1', 'DROP', 'ACCEPT']],
  ['mangle', 'POSTROUTING', ['TOS --set-tos 0x10/0xff', 'DROP', 'ACCEPT']],
  ['nat', 'PREROUTING', ['ACCEPT', 'RETURN']],
  ['nat', 'POSTROUTING', ['MASQUERADE', 'ACCEPT', 'RETURN']],
  ['raw', 'PREROUTING', ['CT --notrack', 'ACCEPT']],
] as const;

const seldom = fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(12) });

const drawnRule = fc.record({
  node: fc.nat(3),
  place: fc.oneof(fc.nat(7), fc.nat(PLACES.length - 1)),
  selectors: fc.array(fc.oneof(fc.nat(PORT_SELECTORS - 1), fc.nat(SELECTORS.length - 1)), { minLength: 1, maxLength: 2 }),
  src: seldom,
  dst: seldom,
  target: fc.nat(6),
});

const IP_RULES = ['ipproto udp sport 40000', 'ipproto tcp dport 8001', 'fwmark 1', 'iif eth0', 'tos 0x10'] as const;

/** The kind of a flow from one party to another, no service between. */
const PARTY = 9;

const drawnPolicy = fc.record({
  node: fc.nat(3),
  rule: fc.nat(IP_RULES.length - 1),
  action: fc.constantFrom('unreachable', 'lookup main'),
});

function ruleStep({ nodes, pods, outside }: Facts, drawn: typeof drawnRule extends fc.Arbitrary<infer T> ? T : never): StepEntry | null {
  const [table, chain, targets] = PLACES[drawn.place] ?? PLACES[0];
  const selectors = drawn.selectors.map((at) => SELECTORS[at] ?? '');
  const protos = selectors.filter((text) => text.startsWith('-p'));
  if (protos.length > 1 || (chain.startsWith('POST') && selectors.includes('-i eth0'))) return null;
  if ((chain === 'PREROUTING' || chain === 'INPUT') && selectors.includes('-o eth0')) return null;
  if (chain === 'OUTPUT' && selectors.includes('-i eth0')) return null;
  const addresses = [...pods, ...nodes, ...outside].map(({ addr }) => addr);
  const src = drawn.src === null ? '' : `-s ${addresses[drawn.src % addresses.length]} `;
  const dst = drawn.dst === null ? '' : `-d ${addresses[drawn.dst % addresses.length]} `;
  const target = targets[drawn.target % targets.length];
  const where = chain === 'FORWARD' || chain === 'INPUT' || chain === 'OUTPUT' ? '-I' : '-A';
  const other = table === 'filter' ? `:OTHER - [0:0]\n-A OTHER -p udp -m udp --dport 53 -j RETURN\n` : '';
  const text = `*${table}\n${other}${where} ${chain} ${src}${dst}${selectors.join(' ')} -j ${target}\nCOMMIT\n`;
  return { 'apply-iptables': { on: nodes[drawn.node % nodes.length]?.name ?? '', text } };
}

const drawn = fc.record({
  // On a bridge every frame goes step by step.
  scenario: fc.oneof(clusters, clustersIn('azure'), clustersIn('overlay')),
  flows: fc.array(drawnFlow, { minLength: 2, maxLength: 6 }),
  packets: fc.array(drawnPacket, { minLength: 20, maxLength: 60, size: 'max' }),
  rules: fc.array(drawnRule, { maxLength: 6, size: 'max' }),
  policies: fc.array(drawnPolicy, { maxLength: 1 }),
  services: fc.boolean(),
  looseRp: fc.boolean(),
  fullAt: fc.option(fc.integer({ min: 2, max: 20 }), { freq: 1 }),
  seed: fc.integer(),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function stepsOf(facts: Facts, { rules, policies, looseRp, fullAt }: Drawn): StepEntry[] {
  const { nodes } = facts;
  const on = (node: number): string => nodes[node % nodes.length]?.name ?? '';
  return [
    ...rules.map((rule) => ruleStep(facts, rule)).filter((step) => step !== null),
    ...policies.map(({ node, rule, action }): StepEntry => ({
      'add-ip-rule': { on: on(node), rule: `${IP_RULES[rule]} ${action} priority 100` },
    })),
    ...(looseRp ? [{ 'set-sysctl': { on: on(0), name: 'net.ipv4.conf.all.rp_filter', value: 0 } }] : []),
    ...(fullAt === null ? [] : [{ 'set-sysctl': { on: on(0), name: 'net.netfilter.nf_conntrack_max', value: fullAt } }]),
  ];
}

/** How packets fare, each on its own, and what they leave behind in the end. */
function faresOf(world: FrozenWorld, flows: readonly Flow[], { packets, seed }: Drawn, record: 'none' | 'summary'): string[] {
  const session = freshSession(world, seed);
  const fares = packets.map(({ flow, sport, port, ttl, tos, mark, size, clock }) => {
    const meant = flows[flow % flows.length];
    const probe = meant === undefined ? null : probeFor(world, meant);
    if (probe === null) return '';
    const dport = port === null || probe.proto === 'icmp' ? {} : { dport: port };
    session.clock.nowMs += clock;
    const done = walk(world, session, { ...probe, ...dport, sport, ttl, tos, mark, sizeBytes: size }, { record });
    return noticed(done);
  });
  return [...fares, leftBehind(session)];
}

describe('packets that are not recorded', () => {
  it('fare as recorded ones do, which are followed step by step', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'the flow cache changes nothing',
      drawn,
      ({ scenario }) => scenario,
      (one) => {
        const built = build(one.scenario);
        const facts = factsOf(one.scenario, built);
        const steps = stepsOf(facts, one);
        const world = steps.reduce((before, step) => after(before, step, freshSession(before)), built);
        // Two senders, and often nothing but pods and hosts, so that flows differ in little.
        const [a, b] = one.flows;
        const flows = one.flows.map((flow: DrawnFlow, i) =>
          flowIn(facts, {
            ...flow,
            client: (i % 2 === 0 ? a : b)?.client ?? 0,
            kind: one.services ? flow.kind : PARTY,
            proto: flow.proto % 2,
          }),
        );
        const expected = faresOf(world, flows, one, 'summary');
        // Twice: the second time every flow is known.
        return ['first', 'second'].flatMap((time): Find[] => {
          const fares = faresOf(world, flows, one, 'none');
          const at = fares.findIndex((fare, i) => fare !== expected[i]);
          if (at < 0) return [];
          const packet = one.packets[at];
          const flow = flows[(packet?.flow ?? 0) % flows.length];
          const what =
            packet === undefined ? 'what they leave behind' : `packet ${at}, ${flow?.from} -> ${flow?.to} ${JSON.stringify(packet)}`;
          return [{ sentence: `${what}, the ${time} time: ${fares[at]}\ninstead of ${expected[at]}`, steps }];
        });
      },
      60,
    );
  });
});
