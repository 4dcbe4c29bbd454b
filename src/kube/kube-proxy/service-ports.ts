import { type Prefix, contains, parsePrefix } from '../../wire/prefix.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import { ipv4Only } from '../objects/address.ts';
import { compareText } from '../objects/meta.ts';
import type { Protocol } from '../objects/pod.ts';
import { type Service, isExternalPolicyLocal, needsHealthCheck, serviceProxyName } from '../objects/service.ts';
import { chainHash, servicePortName } from './names.ts';

/** One port of a service as kube-proxy in IPv4 sees it. */
export interface ProxiedPort {
  /** `ns/name:port`, as comments show it. */
  readonly name: string;
  readonly portName: string;
  readonly proto: Protocol;
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string;
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  readonly loadBalancerVIPs: readonly string[];
  readonly sourceRanges: readonly string[];
  readonly affinitySeconds: number | null;
  readonly healthCheckNodePort: number;
  readonly externalPolicyLocal: boolean;
  readonly internalPolicyLocal: boolean;
  readonly svcChain: string;
  readonly svlChain: string;
  readonly fwChain: string;
  readonly extChain: string;
}

const NONE: readonly ProxiedPort[] = [];
const memo = new WeakMap<Service, readonly ProxiedPort[]>();

/**
 * The ports of a service that kube-proxy makes rules for, sorted by name and protocol; none for headless, external-name, IPv6-only and
 * unallocated services and for those left to another proxy.
 * @source pkg/proxy/util ShouldSkipService, pkg/proxy/serviceport.go
 */
export function proxiedPorts(service: Service): readonly ProxiedPort[] {
  let ports = memo.get(service);
  if (ports === undefined) {
    ports = compile(service);
    memo.set(service, ports);
  }
  return ports;
}

function compile(service: Service): readonly ProxiedPort[] {
  const { clusterIP } = service;
  if (clusterIP === null || clusterIP === 'None' || clusterIP.family !== 4) return NONE;
  if (service.type === 'ExternalName' || serviceProxyName(service) !== null) return NONE;
  const vips = service.ingress.filter(({ ipMode }) => ipMode === 'VIP').map(({ ip }) => ip);
  return service.ports
    .map((port): ProxiedPort => {
      const name = servicePortName(service.namespace, service.name, port.name);
      const protocol = port.protocol.toLowerCase();
      const hash = chainHash(name + protocol);
      return {
        name,
        portName: port.name,
        proto: port.protocol,
        protocol,
        clusterIP: clusterIP.text,
        port: port.port,
        nodePort: port.nodePort,
        externalIPs: ipv4Only(service.externalIPs),
        loadBalancerVIPs: ipv4Only(vips),
        sourceRanges: ipv4Only(service.loadBalancerSourceRanges),
        affinitySeconds: service.affinitySeconds,
        healthCheckNodePort: needsHealthCheck(service) ? service.healthCheckNodePort : 0,
        externalPolicyLocal: isExternalPolicyLocal(service),
        internalPolicyLocal: service.internalTrafficPolicy === 'Local',
        svcChain: `KUBE-SVC-${hash}`,
        svlChain: `KUBE-SVL-${hash}`,
        fwChain: `KUBE-FW-${hash}`,
        extChain: `KUBE-EXT-${hash}`,
      };
    })
    .toSorted((a, b) => (a.name === b.name ? compareText(a.protocol, b.protocol) : compareText(a.name, b.name)));
}

/** Whether packets can reach the port by anything but its ClusterIP. @source serviceport.go ExternallyAccessible */
export function isExternallyAccessible(port: ProxiedPort): boolean {
  return port.nodePort !== 0 || port.loadBalancerVIPs.length > 0 || port.externalIPs.length > 0;
}

/** Whether the port ever spreads over all endpoints. @source serviceport.go UsesClusterEndpoints */
export function usesClusterEndpoints(port: ProxiedPort): boolean {
  return !port.internalPolicyLocal || isExternallyAccessible(port);
}

/** Whether the port ever keeps to endpoints on the node. @source serviceport.go UsesLocalEndpoints */
export function usesLocalEndpoints(port: ProxiedPort): boolean {
  return port.internalPolicyLocal || (port.externalPolicyLocal && isExternallyAccessible(port));
}

/** Whether one of the port's source ranges holds an address, so that the node may use the load balancer itself. */
export function isInSourceRanges(port: ProxiedPort, ip: string): boolean {
  const address = parseIpv4(ip);
  if (address === null) return false;
  return port.sourceRanges.some((range) => {
    const prefix: Prefix | null = parsePrefix(range);
    return prefix !== null && contains(prefix, address);
  });
}
