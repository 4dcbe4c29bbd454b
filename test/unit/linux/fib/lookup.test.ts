import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { compileNetns, freshNetns } from '../../../../src/linux/compiled-netns.ts';
import { ENETUNREACH, OK } from '../../../../src/linux/fib/errno.ts';
import { Flow } from '../../../../src/linux/fib/flow.ts';
import { fibLookup } from '../../../../src/linux/fib/lookup.ts';
import type { Netns } from '../../../../src/linux/netns.ts';
import { addRule } from '../../../../src/linux/ops/rules.ts';
import type { Route } from '../../../../src/linux/route.ts';
import { ANY, type Ipv4, ip, ipv4 } from '../../../../src/wire/ipv4.ts';
import { contains, formatPrefix, prefix, prefixOf } from '../../../../src/wire/prefix.ts';
import { namespace } from './namespaces.ts';

function found(netns: Netns, dst: string, key: Partial<Flow> = {}): string {
  const flow = Object.assign(new Flow().reset(ip(dst), ANY), key);
  const error = fibLookup(freshNetns(netns), flow);
  if (error !== OK) return `errno ${error}`;
  const { route, nexthop } = flow;
  return `${route === null ? '-' : formatPrefix({ addr: route.dst, len: route.len })} dev ${nexthop?.device?.name} metric ${route?.metric}`;
}

const plain: Omit<Route, 'dst' | 'len' | 'metric'> = {
  type: 'unicast',
  tos: 0,
  scope: 'global',
  protocol: 'static',
  src: null,
  nexthops: [{ dev: 'd0', via: null, onlink: false, weight: 1, dead: false }],
  mtuBytes: null,
  mtuLocked: false,
  advmss: null,
  origin: null,
};

/** Addresses and prefixes from a small world, so that they meet. */
const address = fc
  .tuple(fc.constantFrom(10, 192, 255, 0), fc.nat(3), fc.nat(3), fc.nat(7))
  .map(([a, b, c, d]) => ipv4((a << 24) | (b << 16) | (c << 8) | d));
const route = fc.tuple(address, fc.nat(32), fc.nat(3)).map(([addr, len, metric]): Route => {
  const { addr: dst } = prefixOf(addr, len);
  return { ...plain, dst, len, metric };
});

describe('longest prefix match', () => {
  property.prop([fc.array(route, { maxLength: 60 }), fc.array(address, { minLength: 1, maxLength: 30 })], { numRuns: 300 })(
    'finds the route that trying them all one by one finds',
    (routes, addresses) => {
      const base = namespace({ devices: { d0: [] } });
      const netns = freshNetns({ ...base, fib: [{ id: 254, routes }] });
      for (const dst of addresses) {
        const flow = new Flow().reset(dst, ANY);
        const error = fibLookup(netns, flow);
        expect(error === OK ? flow.route?.route : null).toBe(bruteForce(routes, dst));
        expect(error).toBe(flow.route === null ? ENETUNREACH : OK);
      }
    },
  );
});

function bruteForce(routes: readonly Route[], dst: Ipv4): Route | null {
  let best: Route | null = null;
  for (const candidate of routes) {
    if (!contains({ addr: candidate.dst, len: candidate.len }, dst)) continue;
    if (best === null || candidate.len > best.len || (candidate.len === best.len && candidate.metric < best.metric)) best = candidate;
  }
  return best;
}

describe('which of several routes is taken', () => {
  const netns = namespace({
    devices: { d0: ['10.0.0.1/24'], d1: ['10.1.0.1/24'] },
    routes: [
      { to: '0.0.0.0/0', via: ip('10.0.0.254'), metric: 100 },
      { to: '0.0.0.0/0', via: ip('10.1.0.254'), metric: 50 },
      { to: '172.16.0.0/12', dev: 'd1' },
      { to: '172.16.1.1/32', type: 'blackhole' },
      { to: '172.17.0.0/16', type: 'throw' },
      { to: '172.18.0.0/16', type: 'unreachable' },
      { to: '172.19.0.0/16', type: 'prohibit' },
    ],
  });

  test('the smaller metric', () => expect(found(netns, '8.8.8.8')).toBe('0.0.0.0/0 dev d1 metric 50'));
  test('the one by the device that the socket is bound to', () => {
    const d0 = compileNetns(netns).deviceByName.get('d0') ?? null;
    const flow = new Flow().reset(ip('8.8.8.8'), ANY);
    flow.oif = d0;
    expect(fibLookup(compileNetns(netns), flow)).toBe(OK);
    expect(flow.route?.metric).toBe(100);
  });
  test('a refusing route refuses although a shorter prefix would serve', () => {
    expect(found(netns, '172.16.1.1')).toBe('errno 22');
    expect(found(netns, '172.18.0.1')).toBe('errno 113');
    expect(found(netns, '172.19.0.1')).toBe('errno 13');
    expect(found(netns, '172.17.0.1')).toBe('errno 101');
  });
  test('a table edit leaves the compiled devices as they are', () => {
    const before = compileNetns(netns);
    const after = compileNetns({ ...netns, fib: [...netns.fib] });
    expect(after.devices).toBe(before.devices);
    expect(after).not.toBe(before);
  });
});

describe('policy rules', () => {
  const base = {
    devices: { d0: ['10.0.0.1/24'], d1: ['10.1.0.1/24'] },
    routes: [
      { to: '0.0.0.0/0', via: ip('10.0.0.254') },
      { to: '0.0.0.0/0', via: ip('10.1.0.254'), table: 100 },
    ],
  };

  test('a mark under a mask chooses the table', () => {
    const netns = namespace(base);
    addRule(netns, { fwmark: { value: 0x4000, mask: 0x4000 }, action: { type: 'table', table: 100 } });
    expect(found(netns, '8.8.8.8', { mark: 0x4001 })).toBe('0.0.0.0/0 dev d1 metric 0');
    expect(found(netns, '8.8.8.8', { mark: 0x2000 })).toBe('0.0.0.0/0 dev d0 metric 0');
  });

  test('a mark with the highest bit set matches', () => {
    const netns = namespace(base);
    addRule(netns, { fwmark: { value: 0x8000_0000, mask: 0x8000_0000 }, action: { type: 'table', table: 100 } });
    expect(found(netns, '8.8.8.8', { mark: 0x8000_0000 })).toBe('0.0.0.0/0 dev d1 metric 0');
    expect(found(netns, '8.8.8.8', { mark: 0x8000_0000 | 0 })).toBe('0.0.0.0/0 dev d1 metric 0');
  });

  test('not, goto, nop and suppress_prefixlength do what they say', () => {
    const netns = namespace(base);
    addRule(netns, { priority: 10, not: true, from: prefix('10.0.0.0/24'), action: { type: 'goto', priority: 30 } });
    addRule(netns, { priority: 20, action: { type: 'table', table: 100 } });
    addRule(netns, { priority: 30, action: { type: 'nop' } });
    addRule(netns, { priority: 40, suppressPrefixlength: 0, action: { type: 'table', table: 100 } });
    expect(found(netns, '8.8.8.8', { src: ip('10.0.0.1') })).toBe('0.0.0.0/0 dev d1 metric 0');
    expect(found(netns, '8.8.8.8', { src: ip('10.9.0.1') })).toBe('0.0.0.0/0 dev d0 metric 0');
  });

  test('where a rule goes to tells it from no other', () => {
    const netns = namespace(base);
    expect(addRule(netns, { priority: 10, to: prefix('10.0.0.0/24'), action: { type: 'goto', priority: 30 } })).toBe('ok');
    expect(addRule(netns, { priority: 10, action: { type: 'goto', priority: 40 } })).toBe('RTNETLINK answers: File exists');
  });

  test('a rule that selects users cannot be decided when nobody knows who sends', () => {
    const netns = namespace(base);
    addRule(netns, { uidrange: { from: 1000, to: 2000 }, action: { type: 'table', table: 100 } });
    expect(found(netns, '8.8.8.8')).toBe('errno -1');
    expect(found(netns, '8.8.8.8', { uid: 1500 })).toBe('0.0.0.0/0 dev d1 metric 0');
    expect(found(netns, '8.8.8.8', { uid: 0 })).toBe('0.0.0.0/0 dev d0 metric 0');
  });

  test('a route in main that is nearer beats table local only until the first rule of one’s own', () => {
    const netns = namespace({ devices: { d0: ['10.0.0.1/24'] }, routes: [{ to: '127.5.0.0/16', dev: 'd0' }] });
    expect(found(netns, '127.5.0.1')).toBe('127.5.0.0/16 dev d0 metric 0');
    addRule(netns, { priority: 100, from: prefix('192.0.2.0/24'), action: { type: 'blackhole' } });
    expect(found(netns, '127.5.0.1')).toBe('127.0.0.0/8 dev lo metric 0');
  });
});

test('the error of a look-up names no stale route', () => {
  const netns = namespace({ devices: { d0: ['10.0.0.1/24'] } });
  const flow = new Flow().reset(ip('10.0.0.7'), ANY);
  expect(fibLookup(compileNetns(netns), flow)).toBe(OK);
  flow.dst = ip('8.8.8.8');
  expect(fibLookup(compileNetns(netns), flow)).toBe(ENETUNREACH);
  expect([flow.route, flow.nexthop]).toEqual([null, null]);
});
