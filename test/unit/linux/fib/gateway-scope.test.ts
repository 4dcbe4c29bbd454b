import { expect, it } from 'vitest';
import { Lab } from '../lab.ts';

/**
 * What a host sends to a server behind a gateway: to the gateway, or straight on to the link as if the server were there. The routes are in the
 * order of a dump, and of the commands with which a real kernel did the same.
 */
function sendsTo(server: string, ...routes: string[]): string {
  const lab = new Lab()
    .veth('h/eth0', 'g/h')
    .veth('g/s', 's/eth0')
    .addr('h/eth0', '10.0.1.2/24')
    .addr('g/h', '10.0.1.1/24')
    .addr('g/s', '10.1.1.1/24')
    .addr('s/eth0', '10.1.1.2/24')
    .addr('s/lo', `${server}/32`)
    .route('s', '10.0.1.0/24 via 10.1.1.1')
    .route('g', `${server}/32 via 10.1.1.2`)
    .route('h', ...routes)
    .forwards('g')
    .rule('h', 'from all table 7 pref 100')
    .listen('s', 'udp/53');
  return lab.send('h', `udp ${server}:53`).outcome === 'replied' ? 'gateway' : 'link';
}

it.each([
  ['the link of its device', '10.0.0.9', ['10.0.0.9 via 10.0.1.1'], 'gateway'],
  ['a host route added before', '10.9.9.9', ['10.0.1.1 dev eth0 scope host', '10.9.9.9 via 10.0.1.1'], 'link'],
  ['a host route added after', '10.0.0.9', ['10.0.0.9 via 10.0.1.1', '10.0.1.1 dev eth0 scope host'], 'gateway'],
  [
    'a host route of the same table',
    '10.9.9.9',
    ['10.0.1.1 dev eth0 scope host table 7', '10.9.9.9 via 10.0.1.1 dev eth0 table 7'],
    'link',
  ],
  ['main, before there was one', '10.0.0.9', ['10.0.0.9 via 10.0.1.1 dev eth0 table 7', '10.0.1.1 dev eth0 scope host table 7'], 'gateway'],
  ['a host route of main', '10.0.0.9', ['10.0.1.1 dev eth0 scope host', '10.0.0.9 via 10.0.1.1 dev eth0 table 7'], 'link'],
  ['a route that is no link', '10.0.0.9', ['10.0.1.1 dev eth0 scope global', '10.0.0.9 via 10.0.1.1'], 'gateway'],
  ['an onlink gateway', '10.0.0.9', ['10.0.1.1 dev eth0 scope host', '10.0.0.9 via 10.0.1.1 dev eth0 onlink'], 'gateway'],
  ['its link, whatever takes that over', '10.0.0.9', ['local 10.0.1.0/30 dev eth0', '10.0.0.9 via 10.0.1.1'], 'gateway'],
])('finds a gateway by %s', (_by, server, routes, expected) => {
  expect(sendsTo(server, ...routes)).toBe(expected);
});

it.each(['local', '7'])('takes a gateway that only a route of type local in table %s leads to for this host', (table) => {
  const lab = new Lab()
    .veth('h/eth0', 'g/eth0')
    .addr('h/eth0', '10.0.1.2/32')
    .addr('g/eth0', '10.0.1.1/24')
    .route('h', `local 10.0.1.0/30 dev eth0 table ${table}`)
    .rule('h', 'from all table 7 pref 100')
    .route('h', `10.9.9.9 via 10.0.1.1 dev eth0 table ${table === 'local' ? 'main' : table}`);
  // Nobody on the link has the address.
  expect(lab.send('h', 'icmp 10.9.9.9').errors).toEqual(['3/1 from 10.0.1.2']);
});
