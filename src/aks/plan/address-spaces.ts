import { offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, covers, formatPrefix, overlaps, prefix } from '../../wire/prefix.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { ClusterNetwork } from '../../world/cluster.ts';
import { type ClusterProblem, problem } from '../problem.ts';
import type { ClusterSpec, PeeringSpec, VNetSpec } from '../spec.ts';
import { vnetName } from './network.ts';

/** Ranges that AKS refuses for pods, services and virtual networks. @source concepts-network, CHANGELOG 2026-05-29 */
const FORBIDDEN: readonly Prefix[] = ['169.254.0.0/16', '172.30.0.0/16', '172.31.0.0/16', '192.0.2.0/24'].map(prefix);

const LARGEST_SERVICE_CIDR = 12;

interface Named {
  readonly what: string;
  readonly prefix: Prefix;
  readonly path: readonly (string | number)[];
}

/** What is wrong with the ranges of a cluster and of the networks around it. */
export function checkAddressSpaces(spec: ClusterSpec, network: ClusterNetwork): ClusterProblem[] {
  const vnets = allVNets(spec, network);
  return [
    ...forbiddenRanges(network),
    ...clusterRanges(network, subnetsOf(vnets)),
    ...vnets.flatMap(({ vnet, path }) => checkVNet(vnet, path)),
    ...checkPeerings(
      spec.peerings ?? [],
      vnets.map(({ vnet }) => vnet),
    ),
  ];
}

/** Every virtual network of a description, the cluster's own first. */
export function allVNets(spec: ClusterSpec, network: ClusterNetwork): { vnet: VNetSpec; path: readonly (string | number)[] }[] {
  const subnetName = network.subnet.slice(network.subnet.indexOf('/') + 1);
  const own: VNetSpec = {
    name: vnetName(spec),
    prefixes: network.vnetPrefixes,
    subnets: [{ name: subnetName, prefix: network.subnetPrefix }, ...(spec.vnet?.subnets ?? [])],
  };
  return [{ vnet: own, path: ['vnet'] }, ...(spec.vnets ?? []).map((vnet, i) => ({ vnet, path: ['vnets', i] }))];
}

function subnetsOf(vnets: readonly { vnet: VNetSpec; path: readonly (string | number)[] }[]): Named[] {
  return vnets.flatMap(({ vnet, path }) =>
    vnet.subnets.map((subnet) => ({ what: `subnet ${vnet.name}/${subnet.name}`, prefix: subnet.prefix, path })),
  );
}

function forbiddenRanges(network: ClusterNetwork): ClusterProblem[] {
  const ranges: Named[] = [
    ...(network.podCidr === null ? [] : [{ what: 'podCidr', prefix: network.podCidr, path: ['podCidr'] }]),
    { what: 'serviceCidr', prefix: network.serviceCidr, path: ['serviceCidr'] },
    ...network.vnetPrefixes.map((range) => ({ what: 'virtual network', prefix: range, path: ['vnet', 'prefixes'] })),
  ];
  return ranges.flatMap(({ what, prefix, path }) => {
    const taboo = FORBIDDEN.find((range) => overlaps(range, prefix));
    if (taboo === undefined) return [];
    return [problem(path, `${what} ${formatPrefix(prefix)} overlaps ${formatPrefix(taboo)}, which AKS does not allow`, 'another range')];
  });
}

function clusterRanges(network: ClusterNetwork, subnets: readonly Named[]): ClusterProblem[] {
  const found: ClusterProblem[] = [];
  const { podCidr, serviceCidr, dnsServiceIp } = network;
  const clash = (what: string, path: readonly string[], mine: Prefix, others: readonly Named[], code: string | null): void => {
    for (const other of others) {
      if (!overlaps(mine, other.prefix)) continue;
      found.push(
        problem(
          path,
          `${what} ${formatPrefix(mine)} overlaps ${other.what} ${formatPrefix(other.prefix)}`,
          'ranges that do not overlap',
          code,
        ),
      );
    }
  };
  clash('serviceCidr', ['serviceCidr'], serviceCidr, subnets, 'ServiceCidrOverlapExistingSubnetsCidr');
  if (podCidr !== null) {
    clash('podCidr', ['podCidr'], podCidr, subnets, null);
    clash('podCidr', ['podCidr'], podCidr, [{ what: 'serviceCidr', prefix: serviceCidr, path: [] }], null);
    if (podCidr.len > 24)
      found.push(problem(['podCidr'], `podCidr ${formatPrefix(podCidr)} does not hold a /24 for a node`, 'a prefix of at most 24 bits'));
  }
  if (serviceCidr.len < LARGEST_SERVICE_CIDR) {
    found.push(
      problem(
        ['serviceCidr'],
        `serviceCidr ${formatPrefix(serviceCidr)} is too large`,
        `a prefix of at least ${LARGEST_SERVICE_CIDR} bits`,
      ),
    );
  }
  if (!contains(serviceCidr, dnsServiceIp) || dnsServiceIp === serviceCidr.addr || dnsServiceIp === offsetIpv4(serviceCidr.addr, 1)) {
    const expected = `an address of ${formatPrefix(serviceCidr)} other than the first two`;
    found.push(problem(['dnsServiceIp'], `dnsServiceIp ${formatIpv4(dnsServiceIp)} can not be used`, expected));
  }
  return found;
}

function checkVNet(vnet: VNetSpec, path: readonly (string | number)[]): ClusterProblem[] {
  const found: ClusterProblem[] = [];
  vnet.subnets.forEach((subnet, i) => {
    const text = formatPrefix(subnet.prefix);
    if (!vnet.prefixes.some((range) => covers(range, subnet.prefix))) {
      found.push(problem(path, `subnet ${subnet.name} ${text} is not inside virtual network ${vnet.name}`, 'a part of its address space'));
    }
    if (subnet.prefix.len > 29) found.push(problem(path, `subnet ${subnet.name} ${text} is too small`, '/29 or larger'));
    for (const other of vnet.subnets.slice(0, i)) {
      if (other.name === subnet.name)
        found.push(problem(path, `two subnets of ${vnet.name} are called ${subnet.name}`, 'a name of its own'));
      if (overlaps(other.prefix, subnet.prefix)) {
        found.push(
          problem(
            path,
            `subnet ${subnet.name} ${text} overlaps subnet ${other.name} ${formatPrefix(other.prefix)}`,
            'ranges that do not overlap',
          ),
        );
      }
    }
  });
  return found;
}

function checkPeerings(peerings: readonly PeeringSpec[], vnets: readonly VNetSpec[]): ClusterProblem[] {
  return peerings.flatMap((peering, i) => {
    const path = ['peerings', i];
    const a = vnets.find((vnet) => vnet.name === peering.vnet);
    const b = vnets.find((vnet) => vnet.name === peering.remote);
    const names = vnets.map((vnet) => vnet.name).join(', ');
    if (a === undefined) return [problem(path, `there is no virtual network ${peering.vnet}`, `one of ${names}`)];
    if (b === undefined || a === b)
      return [problem(path, `${peering.remote} can not be peered with ${peering.vnet}`, `another one of ${names}`)];
    const pair = a.prefixes.flatMap((mine) => b.prefixes.filter((theirs) => overlaps(mine, theirs)))[0];
    if (pair === undefined) return [];
    return [problem(path, `the address spaces of ${a.name} and ${b.name} overlap at ${formatPrefix(pair)}`, 'ranges that do not overlap')];
  });
}
