import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { StepEntry } from '../../src/scenario/schema/step.ts';
import { walk } from '../../src/walk/walk.ts';
import { ip } from '../../src/wire/ipv4.ts';
import type { FrozenWorld } from '../../src/world/world.ts';
import { build, freshSession, probeFor } from './support/built.ts';
import { type Facts, factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { type DrawnFlow, type KnownFlow, drawnFlow, flowIn } from './support/flows.ts';
import { leftBehind, noticed } from './support/noticed.ts';
import { after } from './support/operations.ts';
import { clusters, clustersIn } from './support/recipe.ts';

/** Seven times in eight the usual value. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 7, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

/** Small choices, so that flows meet again in some of the fields that rules and routes could ask for, and differ in the others. */
const drawnPacket = fc.record({
  flow: fc.nat(5),
  sport: fc.constantFrom(40_000, 40_001, 53, 1024),
  port: fc.option(fc.constantFrom(53, 8001, 8002, 8003)),
  ttl: mostly(64, 33, 2, 1),
  tos: mostly(0, 0x10),
  mark: mostly(0, 1),
  size: fc.oneof(fc.constantFrom(32, 1420), mostly(32, 3000)),
  df: fc.constantFrom(false, 'auto' as const, true),
  spoofs: mostly(false, true),
  bound: mostly(false, true),
  clock: mostly(0, 1000, 40_000),
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
  ['raw', 'PREROUTING', ['CT --notrack', 'CT --notrack', 'ACCEPT']],
] as const;

const seldom = fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(12) });

const drawnRule = fc.record({
  node: fc.nat(3),
  place: fc.nat(PLACES.length - 1),
  selectors: fc.array(fc.oneof(fc.nat(PORT_SELECTORS - 1), fc.nat(SELECTORS.length - 1)), { minLength: 1, maxLength: 2 }),
  src: seldom,
  dst: seldom,
  target: fc.nat(6),
});

const IP_RULES = [
  'ipproto udp sport 40000',
  'ipproto tcp sport 40000',
  'ipproto tcp dport 8001',
  'fwmark 1',
  'iif eth0',
  'tos 0x10',
] as const;

/** The kind of a flow from one party to another, no service between. */
const PARTY = 9;

const drawnPolicy = fc.record({
  node: fc.nat(3),
  rule: fc.nat(IP_RULES.length - 1),
  action: fc.constantFrom('unreachable', 'unreachable', 'lookup main'),
});

function ruleStep(
  { nodes, pods, outside }: Facts,
  senders: readonly string[],
  drawn: typeof drawnRule extends fc.Arbitrary<infer T> ? T : never,
): StepEntry | null {
  const [table, chain, targets] = PLACES[drawn.place] ?? PLACES[0];
  const selectors = drawn.selectors.map((at) => SELECTORS[at] ?? '');
  const protos = selectors.filter((text) => text.startsWith('-p'));
  if (protos.length > 1 || (chain.startsWith('POST') && selectors.includes('-i eth0'))) return null;
  if ((chain === 'PREROUTING' || chain === 'INPUT') && selectors.includes('-o eth0')) return null;
  if (chain === 'OUTPUT' && selectors.includes('-i eth0')) return null;
  const addresses = [...pods, ...nodes, ...outside].map(({ addr }) => addr);
  const src = drawn.src === null ? '' : `-s ${senders[drawn.src % senders.length]} `;
  const dst = drawn.dst === null ? '' : `-d ${addresses[drawn.dst % addresses.length]} `;
  const target = targets[drawn.target % targets.length];
  const where = chain === 'FORWARD' || chain === 'INPUT' || chain === 'OUTPUT' ? '-I' : '-A';
  const other = table === 'filter' ? `:OTHER - [0:0]\n-A OTHER -p udp -m udp --dport 53 -j RETURN\n` : '';
  const text = `*${table}\n${other}${where} ${chain} ${src}${dst}${selectors.join(' ')} -j ${target}\nCOMMIT\n`;
  return { 'apply-iptables': { on: nodes[drawn.node % nodes.length]?.name ?? '', text } };
}

/** Long enough to be found by its ports instead of being read through. */
const LONG_CHAIN = `*filter
:LONG - [0:0]
${Array.from({ length: 12 }, (_, i) => `-A LONG -p ${i % 2 === 0 ? 'tcp' : 'udp'} -m ${i % 2 === 0 ? 'tcp' : 'udp'} --dport ${i < 4 ? 8001 + i : 9000 + i} -j DROP`).join('\n')}
-I FORWARD -j LONG
COMMIT
`;

const drawn = fc.record({
  // On a bridge every frame goes step by step.
  scenario: fc.oneof(clusters, clustersIn('azure'), clustersIn('overlay')),
  flows: fc.array(drawnFlow, { minLength: 2, maxLength: 6 }),
  packets: fc.array(drawnPacket, { minLength: 20, maxLength: 60, size: 'max' }),
  rules: fc.array(drawnRule, { maxLength: 6, size: 'max' }),
  policies: fc.array(drawnPolicy, { maxLength: 1 }),
  services: fc.boolean(),
  looseRp: fc.boolean(),
  narrow: fc.option(fc.nat(3)),
  long: fc.option(fc.nat(3)),
  fullAt: fc.option(fc.integer({ min: 2, max: 20 }), { freq: 1 }),
  seed: fc.integer(),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function stepsOf(facts: Facts, senders: readonly string[], { rules, policies, looseRp, narrow, long, fullAt }: Drawn): StepEntry[] {
  const { nodes } = facts;
  const on = (node: number): string => nodes[node % nodes.length]?.name ?? '';
  return [
    ...rules.map((rule) => ruleStep(facts, senders, rule)).filter((step) => step !== null),
    ...policies.map(({ node, rule, action }): StepEntry => ({
      'add-ip-rule': { on: on(node), rule: `${IP_RULES[rule]} ${action} priority 100` },
    })),
    ...(narrow === null ? [] : [{ 'set-mtu': { on: on(narrow), dev: 'eth0', mtu: 1400 } }]),
    ...(long === null ? [] : [{ 'apply-iptables': { on: on(long), text: LONG_CHAIN } }]),
    ...(looseRp ? [{ 'set-sysctl': { on: on(0), name: 'net.ipv4.conf.all.rp_filter', value: 0 } }] : []),
    ...(fullAt === null ? [] : [{ 'set-sysctl': { on: on(0), name: 'net.netfilter.nf_conntrack_max', value: fullAt } }]),
  ];
}

/** How packets fare, each on its own, and what they leave behind in the end. */
function faresOf(world: FrozenWorld, flows: readonly KnownFlow[], { packets, seed }: Drawn, record: 'none' | 'summary'): string[] {
  const session = freshSession(world, seed);
  const fares = packets.map(({ flow: which, port, clock, spoofs, bound, size, ...how }) => {
    const flow = flows[which % flows.length];
    const probe = flow === undefined ? null : probeFor(world, flow);
    if (flow === undefined || probe === null) return '';
    const dport = port === null || probe.proto === 'icmp' ? {} : { dport: port };
    // In the name of the other sender.
    const spoof = spoofs && flow.client.node !== null ? { spoof: ip(flows[(which + 1) % flows.length]?.client.addr ?? '') } : {};
    session.clock.nowMs += clock;
    const sent = { ...probe, ...how, ...dport, ...spoof, ...(bound ? { bindDev: 'eth0' } : {}), sizeBytes: size };
    return noticed(walk(world, session, sent, { record }));
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
        // Two senders, and often nothing but pods and hosts, so that flows differ in little.
        const [a, b] = one.flows;
        const flows = one.flows.map((flow: DrawnFlow, i) =>
          flowIn(facts, {
            ...flow,
            client: ((i % 2 === 0 ? a : b)?.client ?? 0) % (facts.pods.length + 1),
            kind: one.services ? flow.kind : PARTY,
            proto: flow.proto % 2,
          }),
        );
        const senders = flows.map(({ client }) => client.addr);
        const steps = stepsOf(facts, senders, one);
        const world = steps.reduce((before, step) => after(before, step, freshSession(before)), built);
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
