import { describe, expect, it } from 'vitest';
import { insufficientSubnetSize, nodeSubnetAddresses, podPrefixes, usableAddresses } from '../../../src/aks/plan/subnet-size.ts';
import { prefix } from '../../../src/wire/prefix.ts';

const USABLE: readonly (readonly [string, number])[] = [
  ['10.0.0.0/22', 1019],
  ['10.0.0.0/23', 507],
  ['10.0.0.0/24', 251],
  ['10.0.0.0/25', 123],
  ['10.0.0.0/26', 59],
  ['10.0.0.0/27', 27],
  ['10.0.0.0/28', 11],
  ['10.0.0.0/29', 3],
];

describe('the size of a subnet', () => {
  it.each(USABLE)('%s leaves %i addresses to machines', (text, count) => {
    expect(usableAddresses(prefix(text))).toBe(count);
  });

  it.each([
    ['10.0.0.0/24', 30, 8],
    ['10.0.0.0/24', 110, 2],
    ['10.0.0.0/24', 250, 1],
    ['10.0.0.0/23', 30, 17],
    ['10.0.0.0/22', 110, 9],
    ['10.0.0.0/25', 30, 4],
    ['10.0.0.0/26', 30, 2],
  ])('%s holds node-subnet nodes of %i pods: %i', (text, maxPods, nodes) => {
    expect(Math.floor(usableAddresses(prefix(text)) / nodeSubnetAddresses(maxPods))).toBe(nodes);
  });

  it.each([
    ['10.0.0.0/11', 8192],
    ['10.0.0.0/14', 1024],
    ['10.244.0.0/16', 256],
    ['10.0.0.0/22', 4],
    ['10.0.0.0/25', 0],
  ])('the pod range %s is enough for %i nodes', (text, nodes) => {
    expect(podPrefixes(prefix(text))).toBe(nodes);
  });

  it('says so in the words of the resource provider', () => {
    expect(insufficientSubnetSize(498, 251, prefix('10.32.0.0/24'), 'subnet32', false)).toBe(
      'Pre-allocated IPs 498 exceeds IPs available 251 in Subnet Cidr 10.32.0.0/24, Subnet Name subnet32. http://aka.ms/aks/insufficientsubnetsize',
    );
  });
});
