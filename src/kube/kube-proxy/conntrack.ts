import { compareText } from '../objects/meta.ts';
import type { ProxyEndpoint } from './endpoints.ts';
import type { ProxiedPort } from './service-ports.ts';
import { type ProxiedService, type ProxyObjects, proxiedServices } from './view.ts';

/**
 * UDP conntrack entries to delete: those that agree with every field that is given. Addresses are IPv4 text.
 * @source conntrack -D -p udp --orig-dst … --orig-port-dst … --dst-nat …
 */
export interface ForgottenUdpEntries {
  readonly originalDestination: string | null;
  readonly originalPort: number | null;
  /** The endpoint's address, from which replies come. */
  readonly replySource: string | null;
}

/**
 * The UDP conntrack entries that kube-proxy deletes after a sync: entries to endpoints that are gone or no longer serve, entries to a
 * service that is gone, and entries to a service that had no ready endpoint and now has one (they have no translation).
 * @source pkg/proxy/conntrack/cleanup.go, pkg/proxy/endpointschangetracker.go of 1.30
 */
export function removedUdpEndpoints(before: ProxyObjects, after: ProxyObjects): ForgottenUdpEntries[] {
  const old = udpPorts(before);
  const now = udpPorts(after);
  const forgotten = new Map<string, ForgottenUdpEntries>();
  const forget = (originalDestination: string | null, originalPort: number | null, replySource: string | null): void => {
    const entry = { originalDestination, originalPort, replySource };
    forgotten.set(JSON.stringify(entry), entry);
  };
  for (const [name, { port, endpoints }] of old) {
    const current = now.get(name);
    if (current === undefined) forget(port.clusterIP, null, null);
    const serving = new Set(current?.endpoints.filter(({ source }) => source.serving).map(({ text }) => text));
    for (const { text, ip, source } of endpoints) {
      if (!source.serving || serving.has(text)) continue;
      const frontend = current?.port ?? port;
      for (const address of frontends(frontend)) forget(address, null, ip);
      if (frontend.nodePort !== 0) forget(null, frontend.nodePort, ip);
    }
  }
  for (const [name, { port, endpoints }] of now) {
    const hadReady = old.get(name)?.endpoints.some(({ source }) => source.ready) ?? false;
    if (hadReady || !endpoints.some(({ source }) => source.ready)) continue;
    for (const address of frontends(port)) forget(address, null, null);
    if (port.nodePort !== 0) forget(null, port.nodePort, null);
  }
  return [...forgotten].toSorted(([a], [b]) => compareText(a, b)).map(([, entry]) => entry);
}

interface UdpPort {
  readonly port: ProxiedPort;
  readonly endpoints: readonly ProxyEndpoint[];
}

function udpPorts(objects: ProxyObjects): Map<string, UdpPort> {
  const ports = (service: ProxiedService): [string, UdpPort][] =>
    service.ports.filter(({ protocol }) => protocol === 'udp').map((port) => [port.name, { port, endpoints: service.endpoints(port, '') }]);
  return new Map(proxiedServices(objects).flatMap(ports));
}

function frontends(port: ProxiedPort): string[] {
  return [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs];
}
