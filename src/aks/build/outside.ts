import { addExternalHost, addGateway, addSubnet } from '../../azure/edit-network.ts';
import { addNic } from '../../azure/edit-nic.ts';
import type { Fabric } from '../../azure/fabric.ts';
import type { KernelProfile } from '../../linux/kernel-profile.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { type Ipv4, formatIpv4, ip, offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, formatPrefix, lastAddress, overlaps, prefixOf, sizeOf } from '../../wire/prefix.ts';
import type { World } from '../../world/world.ts';
import { listener } from '../agents/node-listeners.ts';
import { type ClusterProblem, problem } from '../problem.ts';
import { own } from '../record.ts';
import type { ListenSpec, OutsideSpec } from '../spec.ts';
import { freeMac, nicEnd, nicName } from './fabric.ts';
import { freeAddresses, subnetPrefix } from './free-address.ts';
import { azureMachine, must, openPorts, outsideMachine, rootOf } from './machine.ts';

/** The host that stands for the internet where nobody describes one. */
export const DEFAULT_INTERNET: OutsideSpec = {
  kind: 'internet',
  name: 'internet',
  addrs: [ip('203.0.113.10')],
  listens: [
    { proto: 'tcp', port: 80 },
    { proto: 'tcp', port: 443 },
    { proto: 'udp', port: 53 },
  ],
};

/** What hosts outside have when they say nothing else. */
export interface OutsideDefaults {
  /** `VNET/SUBNET` for virtual machines. */
  readonly subnet: string;
  /** The virtual network whose gateway leads on-premises. */
  readonly vnet: string;
  readonly kernel: KernelProfile;
}

/** Puts a host outside of the cluster into the World: its machine, and how the fabric reaches it. */
export function addOutsideHost(
  world: World,
  fabric: Fabric,
  spec: OutsideSpec,
  defaults: OutsideDefaults,
  path: readonly (string | number)[],
): ClusterProblem[] {
  if (own(world.machines, spec.name) !== undefined) return [problem(path, `two machines are called ${spec.name}`, 'a name of its own')];
  switch (spec.kind) {
    case 'vm':
      return addVm(world, fabric, spec, defaults, path);
    case 'internet':
      return addExternal(world, fabric, spec, defaults, path);
    case 'onprem': {
      const problems = addExternal(world, fabric, spec, defaults, path);
      return problems.length > 0 ? problems : advertise(fabric, spec, defaults, path);
    }
  }
}

function addVm(
  world: World,
  fabric: Fabric,
  spec: OutsideSpec & { kind: 'vm' },
  defaults: OutsideDefaults,
  path: readonly (string | number)[],
): ClusterProblem[] {
  const subnet = spec.subnet ?? defaults.subnet;
  const range = subnetPrefix(fabric, subnet);
  const pool = freeAddresses(fabric, subnet);
  if (range === undefined || pool === undefined) {
    const known = fabric.vnets.flatMap((vnet) => vnet.subnets.map((one) => `${vnet.name}/${one.name}`));
    return [problem(path, `there is no subnet ${subnet}`, `one of ${known.join(', ')}`)];
  }
  const why = spec.addr === undefined ? null : pool.reserve(spec.addr);
  if (spec.addr !== undefined && why !== null)
    return [problem(path, `${formatIpv4(spec.addr)} ${why}`, `a free address of ${formatPrefix(range)}`)];
  const addr = spec.addr ?? pool.next();
  if (addr === null) return [problem(path, `subnet ${subnet} has no free address`, 'a larger subnet')];
  const nic = addNic(fabric, {
    name: nicName(spec.name),
    mac: freeMac(fabric, addr),
    machine: nicEnd(spec.name),
    subnet,
    ipconfigs: [{ addr, publicIp: spec.publicIp ?? null }],
    enableIPForwarding: spec.forwards ?? false,
  });
  const host = azureMachine(spec.name, spec.forwards === true ? 'router' : 'vm', defaults.kernel, nic, range, null);
  if (spec.forwards === true) must(setSysctl(rootOf(host), 'net.ipv4.ip_forward', '1'));
  listen(rootOf(host), spec.listens, `vm ${spec.name}`);
  world.machines[spec.name] = host;
  return [];
}

function addExternal(
  world: World,
  fabric: Fabric,
  spec: OutsideSpec & { kind: 'internet' | 'onprem' },
  defaults: OutsideDefaults,
  path: readonly (string | number)[],
): ClusterProblem[] {
  const { kind, name, addrs } = spec;
  const taken = new Map(fabric.externalHosts.flatMap((host) => host.addrs.map((addr): [Ipv4, string] => [addr, host.name])));
  for (const addr of addrs) {
    const other = taken.get(addr);
    if (other !== undefined)
      return [problem(path, `${other} and ${name} have the same address ${formatIpv4(addr)}`, 'an address of its own')];
    const vnet = fabric.vnets.find((one) => one.prefixes.some((range) => overlaps(range, { addr, len: 32 })));
    if (vnet !== undefined)
      return [problem(path, `${formatIpv4(addr)} is an address of virtual network ${vnet.name}`, 'an address outside of Azure')];
  }
  const first = addrs[0];
  if (first === undefined) return [problem(path, `${name} has no address`, 'at least one')];
  const host = outsideMachine(name, kind, defaults.kernel, addrs, freeMac(fabric, first));
  listen(rootOf(host), spec.listens, `${kind} ${name}`);
  world.machines[name] = host;
  addExternalHost(fabric, { name, kind, addrs: [...addrs], machine: nicEnd(name) });
  return [];
}

/** Makes a virtual network's gateway know the host's prefix. */
export function advertise(
  fabric: Fabric,
  spec: OutsideSpec & { kind: 'onprem' },
  defaults: Pick<OutsideDefaults, 'vnet'>,
  path: readonly (string | number)[],
): ClusterProblem[] {
  const vnetName = spec.vnet ?? defaults.vnet;
  const vnet = fabric.vnets.find((one) => one.name === vnetName);
  if (vnet === undefined) {
    return [problem(path, `there is no virtual network ${vnetName}`, `one of ${fabric.vnets.map((one) => one.name).join(', ')}`)];
  }
  const first = spec.addrs[0];
  const prefix = spec.prefix ?? (first === undefined ? null : prefixOf(first, 24));
  if (prefix === null) return [];
  const gateway = fabric.gateways.find((one) => one.vnet === vnetName);
  if (gateway !== undefined) {
    if (!gateway.prefixes.some((one) => one.addr === prefix.addr && one.len === prefix.len)) gateway.prefixes.push(prefix);
    return [];
  }
  const subnet = gatewaySubnet(fabric, vnetName);
  if (subnet === null) return [problem(path, `virtual network ${vnetName} has no room for a GatewaySubnet`, 'a free /27')];
  addGateway(fabric, { name: `${vnetName}-gateway`, vnet: vnetName, kind: 'vpn', subnet, prefixes: [prefix] });
  return [];
}

const GATEWAY_SUBNET_LENGTH = 27;

/** The subnet that gateways must live in: the one there is, or a free /27 at the end of the network. */
function gatewaySubnet(fabric: Fabric, vnetName: string): string | null {
  const vnet = fabric.vnets.find((one) => one.name === vnetName);
  if (vnet === undefined) return null;
  if (vnet.subnets.some((subnet) => subnet.name === 'GatewaySubnet')) return `${vnetName}/GatewaySubnet`;
  for (const range of vnet.prefixes) {
    if (range.len > GATEWAY_SUBNET_LENGTH) continue;
    let candidate: Prefix | null = prefixOf(lastAddress(range), GATEWAY_SUBNET_LENGTH);
    while (candidate !== null) {
      const here: Prefix = candidate;
      if (!vnet.subnets.some((subnet) => overlaps(subnet.prefix, here)))
        return addSubnet(fabric, vnetName, { name: 'GatewaySubnet', prefix: here });
      candidate = below(here, range);
    }
  }
  return null;
}

/** The prefix of the same length right below, as long as it lies in the range. */
function below(prefix: Prefix, range: Prefix): Prefix | null {
  if (prefix.addr === range.addr) return null;
  const addr = offsetIpv4(prefix.addr, -sizeOf(prefix));
  return contains(range, addr) ? { addr, len: prefix.len } : null;
}

function listen(root: ReturnType<typeof rootOf>, listens: readonly ListenSpec[], owner: string): void {
  openPorts(
    root,
    listens.map(({ proto, port }) => listener(proto, port, owner)),
  );
}
