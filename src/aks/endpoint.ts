import { ROOT } from '../linux/netns.ts';
import type { Origin } from '../walk/probe.ts';
import { type Ipv4, formatIpv4, isLoopback } from '../wire/ipv4.ts';
import type { World } from '../world/world.ts';
import { type Namespace, externalHost, noHost, oneOf, placeOf } from './endpoint/place.ts';
import { own } from './record.ts';
import { type Spoken, type Target, findService, serviceAddresses, serviceTarget } from './endpoint/service.ts';
import { type Endpoint, type EndpointProblem, isProblem, problem } from './endpoint/syntax.ts';

/** Where a probe from this endpoint starts. Anything that can send will do; a service can not. */
export function originOf(world: World, endpoint: Endpoint): Origin | EndpointProblem {
  switch (endpoint.kind) {
    case 'svc':
      return problem('a service sends nothing', 'a pod, a node or another machine');
    case 'link': {
      const { machine, netns, dev } = endpoint;
      const found = world.machines[machine]?.netns[netns]?.links.some(({ name }) => name === dev) === true;
      return found ? { kind: 'link', machine, netns, dev } : problem(`there is no link ${machine}/${netns}/${dev}`, 'a link of this world');
    }
    case 'internet':
    case 'onprem': {
      const host = externalHost(world, endpoint);
      if (host === undefined) return noHost(world, endpoint);
      return host.machine === null ? { kind: 'external', host: host.name } : placeOnMachine(world, host.machine);
    }
    case 'address':
      return originOfAddress(world, endpoint.addr);
    case 'pod':
    case 'workload':
    case 'node':
    case 'vm':
    case 'netns': {
      const place = placeOf(world, endpoint);
      return 'netns' in place ? { kind: 'netns', ...place } : place;
    }
  }
}

function placeOnMachine(world: World, machine: string): Origin | EndpointProblem {
  // The fabric's id of a machine may name its namespace and device too.
  const name = machine.split('/')[0] ?? machine;
  return own(world.machines, name) === undefined
    ? problem(`there is no machine ${name}`, oneOf(Object.keys(world.machines), 'machine'))
    : { kind: 'netns', machine: name, netns: ROOT };
}

/** The namespace that has this address. */
function originOfAddress(world: World, addr: Ipv4): Origin | EndpointProblem {
  if (!isLoopback(addr)) {
    for (const [machine, host] of Object.entries(world.machines)) {
      for (const [netns, tables] of Object.entries(host.netns)) {
        if (tables.links.some((link) => link.addresses.some(({ local }) => local === addr))) return { kind: 'netns', machine, netns };
      }
    }
    const host = world.fabric?.externalHosts.find(({ addrs }) => addrs.includes(addr));
    if (host !== undefined) return host.machine === null ? { kind: 'external', host: host.name } : placeOnMachine(world, host.machine);
  }
  return problem(`nothing here has the address ${formatIpv4(addr)}`, 'an address of a pod, a node or another machine');
}

/**
 * The address that a packet from `from` to this endpoint is sent to.
 * @param from where the packet starts: inside of the cluster a service is its ClusterIP, outside its load balancer; to the
 *   internet a virtual machine is its public address, where it has one
 * @param spoken the protocol of the packet where that is settled: it may say which port of a service is meant
 */
export function targetOf(world: World, endpoint: Endpoint, from: Origin, spoken: Spoken | null = null): Target | EndpointProblem {
  if (endpoint.kind === 'svc') return serviceTarget(world, endpoint, isInside(world, from), spoken);
  if (endpoint.kind === 'link') return problem('a link has no address of its own', 'an address');
  if (endpoint.kind === 'vm' && isInternet(world, from)) {
    const addr = publicAddress(world, endpoint.name);
    if (addr !== null) return { addr, port: endpoint.port, proto: null };
  }
  const addresses = addressesOf(world, endpoint);
  if (isList(addresses)) {
    const [addr] = addresses;
    return addr === undefined
      ? problem('this endpoint has no address', 'an endpoint with an address')
      : { addr, port: endpoint.port, proto: null };
  }
  return addresses;
}

function isList<T>(value: readonly T[] | EndpointProblem): value is readonly T[] {
  return Array.isArray(value);
}

function isInternet(world: World, from: Origin): boolean {
  return from.kind !== 'external' && own(world.machines, from.machine)?.kind === 'internet';
}

/** The instance-level public address of a machine. */
function publicAddress(world: World, machine: string): Ipv4 | null {
  const nics = (world.fabric?.nics ?? []).filter((nic) => nic.machine.split('/')[0] === machine);
  return nics.flatMap(({ ipconfigs }) => ipconfigs.flatMap(({ publicIp }) => publicIp ?? []))[0] ?? null;
}

/** Nodes and everything on them. */
function isInside(world: World, from: Origin): boolean {
  if (from.kind === 'external') return false;
  return Object.values(world.cluster?.nodes ?? {}).some(({ machine }) => machine === from.machine);
}

/** Every address of an endpoint, the first of which is the one that packets to it are sent to. */
export function addressesOf(world: World, endpoint: Endpoint): readonly Ipv4[] | EndpointProblem {
  switch (endpoint.kind) {
    case 'address':
      return [endpoint.addr];
    case 'svc': {
      const service = findService(world, endpoint.namespace, endpoint.name);
      return isProblem(service) ? service : serviceAddresses(service);
    }
    case 'internet':
    case 'onprem':
      return externalHost(world, endpoint)?.addrs ?? noHost(world, endpoint);
    case 'link':
      return namespaceAddresses(world, endpoint, endpoint.dev);
    case 'node': {
      const node = own(world.cluster?.nodes ?? {}, endpoint.name);
      if (node !== undefined) return [node.addr];
      break;
    }
    case 'pod': {
      const sandbox = own(world.cluster?.sandboxes ?? {}, `${endpoint.namespace}/${endpoint.name}`);
      if (sandbox?.attachment !== null && sandbox?.attachment !== undefined) return [sandbox.attachment.addr];
      const node = sandbox?.hostNetwork === true ? own(world.cluster?.nodes ?? {}, sandbox.node) : undefined;
      if (node !== undefined) return [node.addr];
      break;
    }
    case 'workload':
    case 'vm':
    case 'netns':
      break;
  }
  const place = placeOf(world, endpoint);
  return 'message' in place ? place : namespaceAddresses(world, place, null);
}

function namespaceAddresses(world: World, { machine, netns }: Namespace, dev: string | null): readonly Ipv4[] | EndpointProblem {
  const links = own(own(world.machines, machine)?.netns ?? {}, netns)?.links.filter(({ name }) => dev === null || name === dev) ?? [];
  if (links.length === 0)
    return problem(`there is no ${machine}/${netns}${dev === null ? '' : `/${dev}`}`, 'a namespace and device of this world');
  return links.flatMap((link) => link.addresses.map(({ local }) => local)).filter((addr) => dev !== null || !isLoopback(addr));
}
