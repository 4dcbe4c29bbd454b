import { describe, expect, test } from 'vitest';
import { formatIpv4 } from '../../../../src/wire/ipv4.ts';
import { Lab } from '../lab.ts';

function host(): Lab {
  return new Lab().veth('a/e0', 'b/e0').veth('a/e1', 'b/e1').addr('a/e0', '10.0.0.1/24').addr('a/e1', '10.0.1.1/24');
}

describe('a route of several ways', () => {
  const spread = (): Lab => host().route('a', '10.9.0.0/24 nexthop via 10.0.0.2 dev e0 nexthop via 10.0.1.2 dev e1');

  test.each(['via 10.0.0.2', 'dev e0', 'via 10.0.0.2 dev e0', ''])('is deleted by its first: %s', (way) => {
    const lab = spread().unroute('a', `10.9.0.0/24 ${way}`);
    expect(lab.send('a', 'icmp 10.9.0.1').errno).toBe('ENETUNREACH');
  });

  test.each(['via 10.0.1.2', 'dev e1', 'via 10.0.0.2 dev e1'])('is not known by another: %s', (way) => {
    expect(() => spread().unroute('a', `10.9.0.0/24 ${way}`)).toThrow('No such process');
  });
});

test('routes of scope host outlive their device going down', () => {
  const lab = host().route('a', '10.8.0.0/24 dev e0 scope host', '10.7.0.0/24 dev e0', 'local 10.5.0.0/24 dev e0').down('a/e0');
  const left = lab.netns('a').fib.flatMap(({ routes }) => routes.filter(({ nexthops }) => nexthops.some(({ dev }) => dev === 'e0')));
  expect(left.map(({ type, dst, len }) => `${type} ${formatIpv4(dst)}/${len}`).sort()).toEqual([
    'local 10.0.0.1/32',
    'local 10.5.0.0/24',
    'unicast 10.8.0.0/24',
  ]);
});
