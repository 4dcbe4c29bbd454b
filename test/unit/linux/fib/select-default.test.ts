import { expect, it } from 'vitest';
import type { Netns } from '../../../../src/linux/netns.ts';
import type { OpResult } from '../../../../src/linux/ops/result.ts';
import { addRoute, appendRoutes, type RouteSpec } from '../../../../src/linux/ops/routes.ts';
import { parseRoute } from '../../../../src/scenario/text/ip-route.ts';
import { Lab } from '../lab.ts';

/** A host with two default routes of one metric, by gateways that both lead on to a server. */
function twoWays(add: (netns: Netns, spec: RouteSpec) => OpResult, second: string): Lab {
  const lab = new Lab()
    .veth('h/eth0', 'g1/h')
    .veth('h/eth1', 'g2/h')
    .veth('g1/s', 's/eth1')
    .veth('g2/s', 's/eth2')
    .addr('h/eth0', '10.0.1.2/24')
    .addr('h/eth1', '10.0.2.2/24')
    .addr('g1/h', '10.0.1.1/24')
    .addr('g2/h', '10.0.2.1/24')
    .addr('g1/s', '10.1.1.1/24')
    .addr('g2/s', '10.1.2.1/24')
    .addr('s/eth1', '10.1.1.2/24')
    .addr('s/eth2', '10.1.2.2/24')
    .addr('s/lo', '10.9.9.9/32')
    .route('s', '10.0.1.0/24 via 10.1.1.1', '10.0.2.0/24 via 10.1.2.1')
    .route('g1', '10.9.9.9/32 via 10.1.1.2')
    .route('g2', '10.9.9.9/32 via 10.1.2.2')
    .route('h', 'default via 10.0.1.1')
    .forwards('g1', 'g2')
    .listen('s', 'udp/53');
  expect(add(lab.netns('h'), parseRoute(second))).toBe('ok');
  return lab;
}

const gateway = (lab: Lab): string | undefined => lab.send('h', 'udp 10.9.9.9:53').leg('request')?.hops[1]?.at;

it('keeps to a default route as long as its gateway is reachable, and then takes turns', () => {
  const lab = twoWays(appendRoutes, 'default via 10.0.2.1');
  expect([gateway(lab), gateway(lab), gateway(lab)]).toEqual(['m/g1', 'm/g1', 'm/g1']);
  lab.wait(120);
  expect([gateway(lab), gateway(lab)]).toEqual(['m/g2', 'm/g1']);
});

it('passes over a gateway of which the tables say that it did not answer', () => {
  const lab = twoWays(appendRoutes, 'default via 10.0.2.1').neigh('h/eth0', '10.0.1.1', '02:00:00:00:00:01', 'failed');
  expect([gateway(lab), gateway(lab)]).toEqual(['m/g2', 'm/g2']);
});

it('does not ask for the neighbours of defaults that are not alike', () => {
  const lab = twoWays(addRoute, 'default via 10.0.2.1 metric 100');
  gateway(lab);
  lab.wait(120);
  expect(gateway(lab)).toBe('m/g1');
});
