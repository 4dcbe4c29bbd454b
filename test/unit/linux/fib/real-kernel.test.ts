import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host, Netns } from '../../../../src/linux/netns.ts';
import { setSysctl } from '../../../../src/linux/ops/set-sysctl.ts';
import { type Random, nextBelow, seeded } from '../../../../src/sim/random.ts';
import { BROADCAST, ip } from '../../../../src/wire/ipv4.ts';
import { RealNetns, canMakeNamespaces } from '../real/namespace.ts';
import { OpSource } from '../real/random-ops.ts';
import { type Question, command, modelAnswer, realAnswer, routingStack } from '../real/routing.ts';
import { buildReal, buildModel, modelNetns, runReal } from '../real/topology.ts';

/** Each takes about 0.2 s; PODWALK_SEEDS asks for more. */
const SEEDS = Number(process.env['PODWALK_SEEDS'] ?? 10);
const OPERATIONS = 60;
const QUESTIONS = 200;
const possible = canMakeNamespaces();
if (!possible) console.warn(`skipped: ${SEEDS} comparisons of route look-ups with the real kernel need root and ip netns`);

const AT = 'a';
const PEER = 'b';
const realName = (name: string): string => `pw-fib-${process.pid}-${name}`;

const DESTINATIONS = [
  '10.0.0.7',
  '10.0.0.9',
  '10.0.1.9',
  '10.1.0.9',
  '10.1.2.3',
  '172.16.0.9',
  '8.8.8.8',
  '192.0.2.0',
  '203.0.113.5',
  '169.254.3.2',
];
const OWN = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.1.0.1', '10.0.0.3', '172.16.0.1', '127.0.0.1', '127.1.2.3'];
const ODD = ['255.255.255.255', '10.0.0.255', '10.1.255.255', '224.0.0.1', '224.0.0.9', '239.1.1.1', '0.0.0.0', '0.1.2.3', '10.0.0.0'];

function pick<T>(random: Random, of: readonly T[]): T {
  const value = of[nextBelow(random, of.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
}

function address(random: Random): Question['dst'] {
  const draw = nextBelow(random, 10);
  return ip(pick(random, draw < 6 ? DESTINATIONS : draw < 9 ? OWN : ODD));
}

function question(random: Random, devices: readonly string[]): Question {
  const input = nextBelow(random, 2) === 0;
  const bound = !input && nextBelow(random, 4) === 0;
  const dst = address(random);
  // Of several devices with one address the kernel takes the one that had it last, which no dump tells.
  const group = dst >>> 28 === 14 || dst === BROADCAST;
  return {
    dst,
    src: input || (!group && nextBelow(random, 4) === 0) ? address(random) : null,
    iif: input ? pick(random, devices) : null,
    oif: bound ? pick(random, devices) : null,
    mark: pick(random, [0, 0, 1]),
    tos: pick(random, [0, 0, 0, 8]),
    dport: pick(random, [0, 0, 53]),
  };
}

/** Sets the switches that routing looks at, on both. */
function switches(random: Random, host: Host, real: RealNetns): string[] {
  const netns = modelNetns(host, AT);
  const settings: [string, string][] = [['net.ipv4.ip_forward', pick(random, ['0', '1', '1'])]];
  const devices = ['all', ...netns.links.map((link) => link.name)];
  for (const key of [
    'rp_filter',
    'accept_local',
    'route_localnet',
    'send_redirects',
    'shared_media',
    'src_valid_mark',
    'bc_forwarding',
    'forwarding',
  ]) {
    const dev = pick(random, devices);
    const value = key === 'rp_filter' ? pick(random, ['0', '1', '2']) : pick(random, ['0', '1']);
    settings.push([`net.ipv4.conf.${dev}.${key}`, value]);
  }
  for (const [name, value] of settings) expect(setSysctl(netns, name, value)).toBe('ok');
  real.sysctl(Object.fromEntries(settings));
  return settings.map(([name, value]) => `${name}=${value}`);
}

describe.skipIf(!possible)('route look-ups against the real kernel', () => {
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

  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('agree with `ip route get` (series %i)', (seed) => {
    at.delete();
    peer.delete();
    at = new RealNetns(realName(AT));
    peer = new RealNetns(realName(PEER));
    const random = seeded(seed);
    const host = buildModel(AT, PEER);
    buildReal(at, peer);
    // Before the routes, for the kernel chooses a route's source when it is added.
    const settings = switches(random, host, at);
    const source = new OpSource(random, AT, PEER, realName, { withRules: seed % 2 === 0, ownGateways: false });
    const ops = [...source.first(), ...Array.from({ length: OPERATIONS }, () => source.next())];
    runReal(at, peer, ops);
    for (const op of ops) op.apply(host);

    const netns: Netns = modelNetns(host, AT);
    const devices = netns.links.map((link) => link.name);
    const questions = Array.from({ length: QUESTIONS }, () => question(random, devices));
    const answers = at.batch(questions.map(command), true).map((result, i) => {
      const asked = questions[i];
      return result.ok && asked !== undefined ? realAnswer(result.output, asked) : result.ok ? '' : result.error;
    });
    const disagreements = questions.flatMap((asked, i) => {
      // Which way of several a flow takes is the kernel's secret: any that the model could choose will do.
      const model = [0, 1].map((choice) => modelAnswer(routingStack(netns, choice), asked));
      return model.includes(answers[i] ?? '') ? [] : [`${command(asked)}: kernel ${answers[i]}, model ${model.join(' or ')}`];
    });
    const tables =
      disagreements.length === 0
        ? []
        : [...settings, at.text('-4', 'route', 'show', 'table', 'all'), at.text('rule'), at.text('-4', '-br', 'addr')];
    expect([...disagreements, ...tables]).toEqual([]);
  });
});
