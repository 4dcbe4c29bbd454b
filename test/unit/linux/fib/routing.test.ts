import { describe, expect, test } from 'vitest';
import { compileNetns } from '../../../../src/linux/compiled-netns.ts';
import { inetDevAddrType } from '../../../../src/linux/fib/addr-type.ts';
import { explainInput, explainLookup } from '../../../../src/linux/fib/explain.ts';
import { Flow } from '../../../../src/linux/fib/flow.ts';
import { routeMeHarder } from '../../../../src/linux/fib/reroute.ts';
import { routeInput } from '../../../../src/linux/fib/route-input.ts';
import { routeOutput } from '../../../../src/linux/fib/route-output.ts';
import { SCOPE_LINK, SCOPE_UNIVERSE } from '../../../../src/linux/fib/scope.ts';
import { inetSelectAddr } from '../../../../src/linux/fib/select-address.ts';
import type { RoutingStack } from '../../../../src/linux/fib/select-path.ts';
import { addRule } from '../../../../src/linux/ops/rules.ts';
import { Skb } from '../../../../src/linux/skb.ts';
import { ANY, formatIpv4, ip } from '../../../../src/wire/ipv4.ts';
import { UDP } from '../../../../src/wire/proto.ts';
import { type Given, namespace, stackOf } from './namespaces.ts';

function packet(src: string, dst: string, fields: Partial<Skb> = {}): Skb {
  return Object.assign(new Skb(), { src: ip(src), dst: ip(dst), proto: UDP, sport: 1000, dport: 53 }, fields);
}

/** What becomes of a packet that comes in by d0: kind, then the way or the reason. */
function input(stack: RoutingStack, src: string, dst: string, dev = 'd0'): string {
  const device = stack.netns.deviceByName.get(dev);
  if (device === undefined) throw new RangeError(dev);
  const route = routeInput(stack, packet(src, dst), device);
  switch (route.kind) {
    case 'forward':
      return `forward ${route.device.name}${route.gateway === ANY ? '' : ` via ${formatIpv4(route.gateway)}`}${route.redirect ? ' redirect' : ''}`;
    case 'drop':
      return `drop ${route.reason}`;
    case 'unreachable':
      return `unreachable ${route.code}`;
    case 'local':
    case 'broadcast':
    case 'multicast':
    case 'unknown':
      return route.kind;
  }
}

function output(stack: RoutingStack, dst: string, key: Partial<Flow> = {}): string {
  const flow = Object.assign(new Flow().reset(ip(dst), ANY), key);
  const route = routeOutput(stack, flow);
  if (route.kind === 'error') return `errno ${route.errno}`;
  if (route.kind === 'unknown') return 'unknown';
  return `${route.kind} ${route.device.name}${route.gateway === ANY ? '' : ` via ${formatIpv4(route.gateway)}`} src ${formatIpv4(flow.src)}`;
}

const ROUTER: Given = {
  devices: { d0: ['10.0.0.1/24'], d1: ['10.1.0.1/24'], azv: [] },
  routes: [
    { to: '0.0.0.0/0', via: ip('10.1.0.254') },
    { to: '10.0.9.9/32', dev: 'azv' },
    { to: '10.66.0.0/16', type: 'blackhole' },
    { to: '10.67.0.0/16', type: 'unreachable' },
    { to: '10.68.0.0/16', type: 'prohibit' },
  ],
  sysctls: { 'net.ipv4.ip_forward': '1' },
};

describe('a packet that comes in', () => {
  const router = stackOf(namespace(ROUTER));
  const host = stackOf(namespace({ ...ROUTER, sysctls: {} }));

  test.each([
    ['10.0.0.7', '8.8.8.8', 'forward d1 via 10.1.0.254'],
    ['10.0.0.7', '10.0.9.9', 'forward azv'],
    ['10.0.0.7', '10.0.0.9', 'forward d0 redirect'],
    ['10.0.0.7', '10.1.0.1', 'local'],
    ['10.0.0.7', '10.0.0.255', 'broadcast'],
    ['10.0.0.7', '255.255.255.255', 'broadcast'],
    ['0.0.0.0', '255.255.255.255', 'broadcast'],
    ['10.0.0.7', '224.0.0.1', 'multicast'],
    ['10.0.0.7', '224.0.0.251', 'drop NOT_SPECIFIED'],
    ['10.0.0.7', '127.0.0.1', 'drop IP_LOCALNET'],
    ['127.0.0.1', '8.8.8.8', 'drop IP_LOCALNET'],
    ['224.0.0.1', '8.8.8.8', 'drop IP_INVALID_SOURCE'],
    ['0.0.0.0', '8.8.8.8', 'drop IP_INVALID_SOURCE'],
    ['10.0.0.7', '0.0.0.0', 'drop IP_INVALID_DEST'],
    ['10.1.0.1', '8.8.8.8', 'drop IP_LOCAL_SOURCE'],
    ['10.0.0.7', '10.66.0.1', 'drop NOT_SPECIFIED'],
    ['10.0.0.7', '10.67.0.1', 'unreachable 1'],
    ['10.0.0.7', '10.68.0.1', 'unreachable 13'],
  ])('%s → %s on a router: %s', (src, dst, becomes) => expect(input(router, src, dst)).toBe(becomes));

  test('is dropped in silence where nothing forwards', () => {
    expect(input(host, '10.0.0.7', '8.8.8.8')).toBe('drop IP_INADDRERRORS');
    expect(input(host, '10.0.0.7', '10.0.0.1')).toBe('local');
  });

  test('without a route is answered with network unreachable', () => {
    const stack = stackOf(namespace({ ...ROUTER, routes: [] }));
    expect(input(stack, '10.0.0.7', '8.8.8.8')).toBe('unreachable 0');
  });

  test('whose way back leads elsewhere is dropped by rp_filter 1, not by 2', () => {
    const strict = stackOf(namespace({ ...ROUTER, sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.d0.rp_filter': '1' } }));
    const loose = stackOf(namespace({ ...ROUTER, sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.d0.rp_filter': '2' } }));
    expect(input(strict, '10.1.0.7', '10.0.9.9')).toBe('drop IP_RPFILTER');
    expect(input(loose, '10.1.0.7', '10.0.9.9')).toBe('forward azv');
    expect(input(strict, '10.0.0.7', '10.0.9.9')).toBe('forward azv');
  });

  test('from this host’s own address is dropped also where the packet goes back out by the same device', () => {
    const stack = stackOf(namespace({ ...ROUTER, sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.accept_local': '0' } }));
    expect(input(stack, '10.0.0.1', '10.0.0.9')).toBe('drop IP_LOCAL_SOURCE');
  });

  test('for 127.0.0.1 is taken where route_localnet is set', () => {
    const stack = stackOf(namespace({ ...ROUTER, sysctls: { 'net.ipv4.conf.all.route_localnet': '1' } }));
    expect(input(stack, '10.0.0.7', '127.0.0.1')).toBe('local');
  });

  test('gets the same result object as the one before it', () => {
    const d0 = router.netns.deviceByName.get('d0');
    if (d0 === undefined) throw new RangeError('d0');
    const first = routeInput(router, packet('10.0.0.7', '8.8.8.8'), d0);
    expect(routeInput(router, packet('10.0.0.8', '9.9.9.9'), d0)).toBe(first);
  });
});

describe('a packet that this host sends', () => {
  const netns = namespace({
    ...ROUTER,
    routes: [...(ROUTER.routes ?? []), { to: '198.51.100.0/24', via: ip('10.1.0.254'), src: ip('10.0.0.1') }],
  });
  const stack = stackOf(netns);
  const device = (name: string): Flow['oif'] => stack.netns.deviceByName.get(name) ?? null;

  test('takes the address of the way out as its source', () => {
    expect(output(stack, '8.8.8.8')).toBe('unicast d1 via 10.1.0.254 src 10.1.0.1');
    expect(output(stack, '10.0.0.7')).toBe('unicast d0 src 10.0.0.1');
  });
  test('takes the source that the route prefers', () =>
    expect(output(stack, '198.51.100.1')).toBe('unicast d1 via 10.1.0.254 src 10.0.0.1'));
  test('borrows the first other device’s address where its own device has none', () =>
    expect(output(stack, '10.0.9.9')).toBe('unicast azv src 10.0.0.1'));
  test('to an address of its own goes by the loopback, from that address', () =>
    expect(output(stack, '10.1.0.1')).toBe('local lo src 10.1.0.1'));
  test('to 127.0.0.0/8 goes by the loopback', () => expect(output(stack, '127.9.9.9')).toBe('local lo src 127.0.0.1'));
  test('to a subnet’s broadcast address is a broadcast', () => expect(output(stack, '10.0.0.255')).toBe('broadcast d0 src 10.0.0.1'));
  test('to 255.255.255.255 goes by the bound device', () => {
    expect(output(stack, '255.255.255.255', { oif: device('d0') })).toBe('broadcast d0 src 10.0.0.1');
  });
  test('bound to a device without a route is taken to be on its link', () =>
    expect(output(stack, '8.8.8.8', { oif: device('d0') })).toBe('unicast d0 src 10.0.0.1'));
  test('from an address that is not its own is refused, unless any source is allowed', () => {
    expect(output(stack, '8.8.8.8', { src: ip('1.2.3.4') })).toBe('errno 101');
    expect(output(stack, '8.8.8.8', { src: ip('1.2.3.4'), anySrc: true })).toBe('unicast d1 via 10.1.0.254 src 1.2.3.4');
  });
  test('that a route refuses fails with the errno of its kind', () => {
    expect([output(stack, '10.66.0.1'), output(stack, '10.67.0.1'), output(stack, '10.68.0.1')]).toEqual([
      'errno 22',
      'errno 113',
      'errno 13',
    ]);
  });
  test('from 127.0.0.1 cannot leave', () => expect(output(stack, '8.8.8.8', { src: ip('127.0.0.1') })).toBe('errno 22'));
});

describe('several ways', () => {
  const netns = namespace({
    devices: { d0: ['10.0.0.1/24'], d1: ['10.1.0.1/24'], d2: ['10.2.0.1/24'] },
    routes: [{ to: '0.0.0.0/0', nexthops: [{ via: ip('10.0.0.254'), weight: 3 }, { via: ip('10.1.0.254') }] }],
    sysctls: { 'net.ipv4.ip_forward': '1' },
  });

  test('are chosen by weight, and every packet of a flow goes the same way', () => {
    const stack = stackOf(netns, [1, 0]);
    expect(input(stack, '10.2.0.7', '8.8.8.8', 'd2')).toBe('forward d1 via 10.1.0.254');
    expect(input(stack, '10.2.0.7', '8.8.8.8', 'd2')).toBe('forward d1 via 10.1.0.254');
    expect(input(stack, '10.2.0.8', '8.8.8.8', 'd2')).toBe('forward d0 via 10.0.0.254');
    expect(stack.choices).toEqual([
      [0.75, 0.25],
      [0.75, 0.25],
    ]);
  });

  test('are not left to chance when the sender’s source belongs to one of them', () => {
    const stack = stackOf(netns);
    expect(output(stack, '8.8.8.8', { src: ip('10.1.0.1') })).toBe('unicast d1 via 10.1.0.254 src 10.1.0.1');
    expect(stack.choices).toEqual([]);
  });

  test('are chosen for an error by the packet that it is about', () => {
    const stack = stackOf(netns, [1, 0]);
    const about = (dst: string): string => output(stack, '8.8.8.8', { hashed: packet('8.8.8.8', dst) });
    expect([about('10.2.0.7'), about('10.2.0.8'), about('10.2.0.7')]).toEqual([
      'unicast d1 via 10.1.0.254 src 10.1.0.1',
      'unicast d0 via 10.0.0.254 src 10.0.0.1',
      'unicast d1 via 10.1.0.254 src 10.1.0.1',
    ]);
  });

  test('that are dead take no packets', () => {
    const dead = { ...netns, links: netns.links.map((link) => (link.name === 'd0' ? { ...link, up: false } : link)) };
    const stack = stackOf(dead);
    expect(input(stack, '10.2.0.7', '8.8.8.8', 'd2')).toBe('forward d1 via 10.1.0.254');
    expect(stack.choices).toEqual([]);
  });
});

test('a packet whose mark changed is routed again with its protocol and ports, and keeps its source', () => {
  const netns = namespace({ ...ROUTER, routes: [...(ROUTER.routes ?? []), { to: '0.0.0.0/0', via: ip('10.0.0.254'), table: 100 }] });
  addRule(netns, { fwmark: { value: 1, mask: -1 }, ipproto: UDP, dport: { from: 53, to: 53 }, action: { type: 'table', table: 100 } });
  const stack = stackOf(netns);
  const again = (fields: Partial<Skb>): string => {
    const skb = packet('10.1.0.1', '8.8.8.8', fields);
    const route = routeMeHarder(stack, skb, null);
    return route.kind === 'unicast' ? `${route.device.name} src ${formatIpv4(skb.src)}` : route.kind;
  };
  expect(again({ mark: 1 })).toBe('d0 src 10.1.0.1');
  expect(again({ mark: 1, dport: 80 })).toBe('d1 src 10.1.0.1');
  expect(again({ mark: 0 })).toBe('d1 src 10.1.0.1');
});

describe('kinds of addresses and sources', () => {
  const netns = compileNetns(namespace(ROUTER));
  const device = (name: string): Flow['oif'] => netns.deviceByName.get(name) ?? null;

  test('addrtype tells local, broadcast, multicast and unicast', () => {
    const type = (text: string): string => inetDevAddrType(netns, ip(text), null);
    expect(['10.0.0.1', '127.1.1.1', '10.0.0.255', '255.255.255.255', '0.0.0.0', '224.0.0.5', '8.8.8.8', '10.66.0.1'].map(type)).toEqual([
      'local',
      'local',
      'broadcast',
      'broadcast',
      'broadcast',
      'multicast',
      'unicast',
      'unicast',
    ]);
  });

  test('with limit-iface an address of another device is not local', () => {
    expect(inetDevAddrType(netns, ip('10.0.0.1'), device('d1'))).toBe('unicast');
    expect(inetDevAddrType(netns, ip('10.0.0.1'), device('d0'))).toBe('local');
  });

  test('the address whose subnet holds the next hop is chosen, else the first', () => {
    const several = compileNetns(namespace({ devices: { d0: ['10.0.0.1/24', '10.5.0.1/24'], bare: [] } }));
    const d0 = several.deviceByName.get('d0') ?? null;
    expect(formatIpv4(inetSelectAddr(several, d0, ip('10.5.0.9'), SCOPE_UNIVERSE))).toBe('10.5.0.1');
    expect(formatIpv4(inetSelectAddr(several, d0, ip('8.8.8.8'), SCOPE_UNIVERSE))).toBe('10.0.0.1');
    expect(formatIpv4(inetSelectAddr(several, several.deviceByName.get('bare') ?? null, ANY, SCOPE_LINK))).toBe('10.0.0.1');
  });
});

describe('why another route was not taken', () => {
  test('names the longer prefix, the metric and the device', () => {
    const netns = compileNetns(namespace({ ...ROUTER, routes: [...(ROUTER.routes ?? []), { to: '10.0.0.0/8', dev: 'd1', metric: 7 }] }));
    const why = explainLookup(netns, new Flow().reset(ip('10.0.9.9'), ANY)).map(({ what, why }) => `${what}: ${why}`);
    expect(why).toEqual([
      'route 10.0.0.0/8 dev d1 metric 7 (table main): the longer prefix /32 decides',
      'route default via 10.1.0.254 dev d1 (table main): the longer prefix /32 decides',
    ]);
  });

  test('lists the rules that did not match', () => {
    const tables = namespace(ROUTER);
    addRule(tables, { fwmark: { value: 1, mask: -1 }, action: { type: 'table', table: 100 } });
    const netns = compileNetns(tables);
    const d0 = netns.deviceByName.get('d0');
    if (d0 === undefined) throw new RangeError('d0');
    const why = explainInput(netns, packet('10.0.0.7', '8.8.8.8'), d0).map(({ what, why }) => `${what}: ${why}`);
    expect(why).toEqual([
      'ip rule 0: from all lookup local: table local has no route to 8.8.8.8',
      'ip rule 32765: from all fwmark 0x1 lookup 100: the mark is 0x0',
    ]);
  });
});
