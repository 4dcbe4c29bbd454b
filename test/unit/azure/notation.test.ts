import { describe, expect, it } from 'vitest';
import { parseAddressMatch, parsePortRanges } from '../../../src/azure/nsg-notation.ts';
import { OUTBOUND_TYPES } from '../../../src/azure/outbound-type.ts';
import { probeTargets } from '../../../src/azure/probes.ts';
import { isReserved, usableAddresses } from '../../../src/azure/subnets.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { twoVms, withPublicLb } from './fabrics.ts';

describe('the notation of NSG rules', () => {
  it('reads addresses, prefixes, tags and the star', () => {
    expect(parseAddressMatch('*')).toEqual({ kind: 'any' });
    expect(parseAddressMatch('10.0.0.0/8')).toEqual({ kind: 'prefix', prefix: prefix('10.0.0.0/8') });
    expect(parseAddressMatch('10.0.0.4')).toEqual({ kind: 'prefix', prefix: prefix('10.0.0.4/32') });
    expect(parseAddressMatch('Storage.WestEurope')).toEqual({ kind: 'tag', tag: 'Storage.WestEurope' });
  });

  it.each(['10.0.0.0/33', '10.0.0', '', 'a b', '::/0', '\u001b[31m'])('refuses the address %j', (text) => {
    expect(parseAddressMatch(text)).toBeNull();
  });

  it('reads ports, ranges and lists', () => {
    expect(parsePortRanges('*')).toEqual([{ from: 0, to: 65_535 }]);
    expect(parsePortRanges('80, 443-445')).toEqual([
      { from: 80, to: 80 },
      { from: 443, to: 445 },
    ]);
  });

  it.each(['', '80-', '90-80', '65536', '-1', 'http', '1e3'])('refuses the ports %j', (text) => {
    expect(parsePortRanges(text)).toBeNull();
  });
});

it('a subnet keeps five addresses for Azure', () => {
  expect(['/22', '/23', '/24', '/25', '/26', '/27', '/28', '/29'].map((len) => usableAddresses(prefix(`10.0.0.0${len}`)))).toEqual([
    1019, 507, 251, 123, 59, 27, 11, 3,
  ]);
  expect(['10.0.0.3', '10.0.0.4', '10.0.0.254', '10.0.0.255'].map((addr) => isReserved(prefix('10.0.0.0/24'), ip(addr)))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

it('a probe is made of every backend once', () => {
  const fabric = withPublicLb(twoVms());
  fabric.loadBalancers[0]?.probes.push({ name: 'p', protocol: 'http', port: 30_000, path: '/healthz', intervalSeconds: 5, threshold: 2 });
  expect(probeTargets(fabric).map(({ nic, addr }) => [nic, addr])).toEqual([
    ['a', ip('10.224.0.4')],
    ['b', ip('10.224.0.5')],
  ]);
});

it('only the load balancer type has an outbound rule', () => {
  expect(Object.entries(OUTBOUND_TYPES).filter(([, setup]) => setup.outboundRule)).toHaveLength(1);
});
