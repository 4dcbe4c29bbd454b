import { describe, expect, it } from 'vitest';
import { findMode } from '../../../src/aks/modes/modes.ts';
import type { NetworkMode } from '../../../src/aks/modes/mode.ts';
import { checkAddressSpaces } from '../../../src/aks/plan/address-spaces.ts';
import { clusterNetwork } from '../../../src/aks/plan/network.ts';
import { type PinnedPod, planNodes } from '../../../src/aks/plan/nodes.ts';
import type { ClusterSpec } from '../../../src/aks/spec.ts';
import { formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import { formatPrefix, prefix } from '../../../src/wire/prefix.ts';

function mode(name: string): NetworkMode {
  const found = findMode(name);
  if (found === undefined) throw new Error(`no mode ${name}`);
  return found;
}

function plan(spec: ClusterSpec, pinned: readonly PinnedPod[] = []) {
  const m = mode(spec.mode);
  return planNodes(spec, clusterNetwork(spec, m), m, pinned);
}

function problems(spec: ClusterSpec): string[] {
  const m = mode(spec.mode);
  const network = clusterNetwork(spec, m);
  return [...checkAddressSpaces(spec, network), ...planNodes(spec, network, m, []).problems].map(
    (p) => `${p.path.join('.')}: ${p.message}`,
  );
}

describe('planning the addresses of a cluster', () => {
  it('gives node-subnet nodes 28 pod addresses each with the default of 30 pods', () => {
    const { plan: nodes } = plan({ mode: 'azure', nodes: [{}, {}] });
    expect(nodes.map((node) => node.name)).toEqual(['aks-nodepool1-12345678-vmss000000', 'aks-nodepool1-12345678-vmss000001']);
    expect(nodes.map((node) => formatIpv4(node.addr))).toEqual(['10.224.0.4', '10.224.0.33']);
    expect(nodes[0]?.podAddrs).toHaveLength(28);
    expect(formatIpv4(nodes[0]?.podAddrs.at(-1) ?? ip('0.0.0.0'))).toBe('10.224.0.32');
  });

  it('keeps the addresses that pods must have for the NIC of their node', () => {
    const spec: ClusterSpec = { mode: 'azure', nodes: [{ name: 'a' }, { name: 'b' }] };
    const { plan: nodes } = plan(spec, [
      { addr: ip('10.224.0.45'), node: 'a' },
      { addr: ip('10.224.0.31'), node: 'b' },
    ]);
    expect(nodes[0]?.podAddrs.map(formatIpv4)).toContain('10.224.0.45');
    expect(nodes[0]?.podAddrs.map(formatIpv4)).not.toContain('10.224.0.31');
    expect(nodes[1]?.podAddrs.map(formatIpv4)).toContain('10.224.0.31');
    expect(nodes.map((node) => node.podAddrs.length)).toEqual([28, 28]);
  });

  it.each(['kubenet', 'overlay'])('gives every %s node one address and a /24 of the pod range', (name) => {
    const { plan: nodes } = plan({ mode: name, nodes: [{}, { podCidr: prefix('10.244.0.0/24') }, {}] });
    expect(nodes.map((node) => formatIpv4(node.addr))).toEqual(['10.224.0.4', '10.224.0.5', '10.224.0.6']);
    expect(nodes.map((node) => (node.podCidr === null ? null : formatPrefix(node.podCidr)))).toEqual([
      '10.244.1.0/24',
      '10.244.0.0/24',
      '10.244.2.0/24',
    ]);
  });

  it('refuses what Azure refuses, in its words', () => {
    const small = { subnet: { name: 'subnet32', prefix: prefix('10.224.0.0/24') } };
    expect(problems({ mode: 'azure', maxPods: 250, nodes: [{}, {}], ...small })).toEqual([
      'subnet.prefix: Pre-allocated IPs 498 exceeds IPs available 251 in Subnet Cidr 10.224.0.0/24, Subnet Name subnet32. http://aka.ms/aks/insufficientsubnetsize',
    ]);
    expect(problems({ mode: 'azure', maxPods: 250, nodes: [{}], ...small })).toEqual([]);
    expect(problems({ mode: 'overlay', podCidr: prefix('10.244.0.0/22'), nodes: [{}, {}, {}, {}, {}] })[0]).toContain(
      'Pre-allocated IPs 1280 exceeds IPs available 1024 in Subnet Cidr 10.244.0.0/22, Subnet Name networkProfile.podCIDR.',
    );
    expect(problems({ mode: 'kubenet', podCidr: prefix('10.128.0.0/11'), nodes: Array.from({ length: 401 }, () => ({})) })[0]).toContain(
      '401 nodes need 401 routes; a route table holds 400',
    );
  });

  it.each<[string, ClusterSpec, string]>([
    ['pods inside the subnet', { mode: 'overlay', podCidr: prefix('10.224.0.0/20'), nodes: [{}] }, 'podCidr 10.224.0.0/20 overlaps subnet'],
    ['pods inside the services', { mode: 'kubenet', podCidr: prefix('10.0.0.0/18'), nodes: [{}] }, 'overlaps serviceCidr'],
    [
      'services inside the subnet',
      { mode: 'azure', serviceCidr: prefix('10.224.0.0/24'), nodes: [{}] },
      'serviceCidr 10.224.0.0/24 overlaps',
    ],
    ['a reserved range', { mode: 'kubenet', podCidr: prefix('172.30.0.0/16'), nodes: [{}] }, 'which AKS does not allow'],
    [
      'a subnet outside of its network',
      { mode: 'azure', subnet: { prefix: prefix('10.0.1.0/24') }, nodes: [{}] },
      'is not inside virtual network',
    ],
    ['a DNS address outside of the services', { mode: 'azure', dnsServiceIp: ip('10.1.0.10'), nodes: [{}] }, 'dnsServiceIp 10.1.0.10'],
    ['the same address twice', { mode: 'azure', nodes: [{ addr: ip('10.224.0.9') }, { addr: ip('10.224.0.9') }] }, 'is used twice'],
    ['an address of Azure', { mode: 'azure', nodes: [{ addr: ip('10.224.0.1') }] }, 'Azure keeps for itself'],
    ['the same name twice', { mode: 'azure', nodes: [{ name: 'a' }, { name: 'a' }] }, 'two nodes are called a'],
    ['no node', { mode: 'azure', nodes: [] }, 'there is no node'],
    ['a million nodes', { mode: 'azure', nodes: Array.from({ length: 6000 }, () => ({})) }, 'LIMITS.maxNodes'],
    ['too many pods on a node', { mode: 'azure', maxPods: 300, nodes: [{}] }, 'maxPods is 300'],
  ])('refuses %s', (_, spec, text) => {
    expect(problems(spec).join('\n')).toContain(text);
  });

  it('refuses a peering of networks that overlap', () => {
    const other = { name: 'hub', prefixes: [prefix('10.230.0.0/16')], subnets: [] };
    const spec: ClusterSpec = { mode: 'azure', nodes: [{}], vnets: [other], peerings: [{ vnet: 'aks-vnet-12345678', remote: 'hub' }] };
    expect(problems(spec)).toEqual(['peerings.0: the address spaces of aks-vnet-12345678 and hub overlap at 10.230.0.0/16']);
  });
});
