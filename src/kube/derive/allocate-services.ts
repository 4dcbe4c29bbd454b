import { type Ipv4, formatIpv4, offsetIpv4, parseIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, formatPrefix, lastAddress, sizeOf } from '../../wire/prefix.ts';
import type { ObjectProblem } from '../objects/located.ts';
import { keyOf } from '../objects/meta.ts';
import { type Service, needsHealthCheck, newService } from '../objects/service.ts';

/** Where the API server and the cloud take addresses and ports from. */
export interface ServicePools {
  readonly serviceCIDR: Prefix;
  /** `--service-node-port-range`, 30000–32767 unless given. */
  readonly nodePorts?: PortRange;
  /** An address for a load balancer's frontend, as IPv4 text; `null` when there is none to give. Asked once for a service, in order. */
  loadBalancerIP(service: Service): string | null;
}

export interface AllocatedServices {
  /** In the order of the objects; a service that lacked nothing is the identical object. */
  readonly services: readonly Service[];
  readonly problems: readonly ObjectProblem[];
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const DEFAULT_NODE_PORTS: PortRange = { first: 30_000, last: 32_767 };

/**
 * Gives every service what it lacks: a ClusterIP, node ports, a health check node port, a load balancer address. Always the lowest that is
 * free above the band that the API server leaves to those who choose for themselves; services are served in the order of the objects.
 */
export function allocateServices(services: readonly Service[], pools: ServicePools): AllocatedServices {
  const problems: ObjectProblem[] = [];
  const allocator = new Allocator(services, pools, problems);
  return { services: services.map((service) => allocator.complete(service)), problems };
}

class Allocator {
  readonly #pools: ServicePools;
  readonly #problems: ObjectProblem[];
  readonly #ips = new Map<string, string>();
  readonly #ports = new Map<number, string>();
  readonly #range: PortRange;
  #nextOffset: number;
  #nextPort: number;

  constructor(services: readonly Service[], pools: ServicePools, problems: ObjectProblem[]) {
    this.#pools = pools;
    this.#problems = problems;
    this.#nextOffset = staticBand(sizeOf(pools.serviceCIDR), 16, 256) + 1;
    this.#range = pools.nodePorts ?? DEFAULT_NODE_PORTS;
    this.#nextPort = this.#range.first + staticBand(this.#range.last - this.#range.first + 1, 32, 128);
    for (const service of services) this.#reserve(service);
  }

  complete(service: Service): Service {
    if (service.type === 'ExternalName') return service;
    const given: { -readonly [K in keyof Service]?: Service[K] } = {};
    if (service.clusterIP === null) given.clusterIP = this.#clusterIP(service);
    if (service.type === 'NodePort' || (service.type === 'LoadBalancer' && service.allocateLoadBalancerNodePorts)) {
      if (service.ports.some(({ nodePort }) => nodePort === 0)) given.ports = this.#nodePorts(service);
    }
    if (needsHealthCheck(service) && service.healthCheckNodePort === 0) given.healthCheckNodePort = this.#nodePort(service);
    if (service.type === 'LoadBalancer' && service.loadBalancerClass === null && service.ingress.length === 0) {
      const ip = service.loadBalancerIP ?? this.#pools.loadBalancerIP(service);
      if (ip !== null) given.ingress = [{ ip: { family: 4, text: ip }, ipMode: 'VIP' }];
    }
    return Object.keys(given).length === 0 ? service : newService({ ...service, ...given });
  }

  #reserve(service: Service): void {
    const key = keyOf(service);
    const { clusterIP, healthCheckNodePort } = service;
    if (clusterIP !== null && clusterIP !== 'None' && clusterIP.family === 4) {
      const address = parseIpv4(clusterIP.text);
      const { serviceCIDR } = this.#pools;
      if (address === null || !contains(serviceCIDR, address)) {
        this.#fail(service, `the ClusterIP ${clusterIP.text} is outside the service range`, `an address in ${formatPrefix(serviceCIDR)}`);
      }
      const owner = this.#ips.get(clusterIP.text);
      if (owner !== undefined) this.#fail(service, `the ClusterIP ${clusterIP.text} belongs to ${owner}`, 'a ClusterIP of its own');
      this.#ips.set(clusterIP.text, key);
    }
    const own = new Set([...service.ports.map(({ nodePort }) => nodePort), healthCheckNodePort]);
    own.delete(0);
    const { first, last } = this.#range;
    for (const port of own) {
      const owner = this.#ports.get(port);
      if (port < first || port > last) {
        this.#fail(service, `node port ${port} is outside the range`, `a port from ${first} to ${last}`);
      } else if (owner !== undefined) this.#fail(service, `node port ${port} belongs to ${owner}`, 'a node port of its own');
      this.#ports.set(port, key);
    }
  }

  #clusterIP(service: Service): Service['clusterIP'] {
    const { serviceCIDR } = this.#pools;
    const usable = sizeOf(serviceCIDR) - 2;
    for (let tried = 0; tried < usable; tried++) {
      if (this.#nextOffset > usable) this.#nextOffset = 1;
      const text = formatIpv4(offsetIpv4(serviceCIDR.addr, this.#nextOffset++));
      if (this.#ips.has(text)) continue;
      this.#ips.set(text, keyOf(service));
      return { family: 4, text };
    }
    this.#fail(service, 'no ClusterIP is left', `a service range larger than ${formatPrefix(serviceCIDR)}`);
    return null;
  }

  /** Ports with the same number and different protocols share a node port. */
  #nodePorts(service: Service): Service['ports'] {
    const given = new Map<number, { readonly nodePort: number; readonly protocols: Set<string> }>();
    return service.ports.map((port) => {
      if (port.nodePort !== 0) return port;
      const shared = given.get(port.port);
      if (shared !== undefined && !shared.protocols.has(port.protocol)) {
        shared.protocols.add(port.protocol);
        return { ...port, nodePort: shared.nodePort };
      }
      const nodePort = this.#nodePort(service);
      given.set(port.port, { nodePort, protocols: new Set([port.protocol]) });
      return { ...port, nodePort };
    });
  }

  #nodePort(service: Service): number {
    const { first, last } = this.#range;
    for (let tried = first; tried <= last; tried++) {
      if (this.#nextPort > last) this.#nextPort = first;
      const port = this.#nextPort++;
      if (this.#ports.has(port)) continue;
      this.#ports.set(port, keyOf(service));
      return port;
    }
    this.#fail(service, 'no node port is left', `at most ${last - first + 1} node ports`);
    return 0;
  }

  #fail(service: Service, message: string, expected: string): void {
    const place = service.source ?? { file: '', line: 1, col: 1 };
    this.#problems.push({ ...place, message: `service ${keyOf(service)}: ${message}`, expected });
  }
}

/**
 * How many addresses or ports at the start of a range the API server leaves to those who choose theirs.
 * @source pkg/registry/core/service ipallocator, portallocator: a fraction, at least 16, at most `most`
 */
function staticBand(size: number, fraction: number, most: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / fraction)), most);
}

/** Hands out the addresses of a prefix in order, without those that `isTaken`; `null` when it is used up. */
export function addressPool(prefix: Prefix, isTaken: (address: Ipv4) => boolean): () => string | null {
  const last = lastAddress(prefix);
  let next: Ipv4 | null = prefix.addr;
  return () => {
    while (next !== null) {
      const address: Ipv4 = next;
      next = address === last ? null : offsetIpv4(address, 1);
      if (!isTaken(address)) return formatIpv4(address);
    }
    return null;
  };
}
