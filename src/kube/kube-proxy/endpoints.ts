import type { Endpoint, EndpointSlice } from '../objects/endpoint-slice.ts';
import { isIpv4Text } from '../objects/address.ts';
import { compareText } from '../objects/meta.ts';
import type { NodeView } from './settings.ts';
import { type ProxiedPort, usesClusterEndpoints, usesLocalEndpoints } from './service-ports.ts';

/** An endpoint of one service port. */
export interface ProxyEndpoint {
  readonly ip: string;
  /** `ip:port`, by which endpoints are told apart and sorted. */
  readonly text: string;
  readonly source: Endpoint;
}

/** The endpoints of one service port on one node, by the use that kube-proxy makes of them. */
export interface CategorizedEndpoints {
  /** For traffic that may go to any node. */
  readonly cluster: readonly ProxyEndpoint[];
  /** For traffic that stays on the node. */
  readonly local: readonly ProxyEndpoint[];
  /** Both together: the endpoints that get a chain. */
  readonly reachable: readonly ProxyEndpoint[];
  /** Whether the service has a usable endpoint anywhere. */
  readonly any: boolean;
}

/**
 * The endpoints of a service port in its slices as a node sees them, sorted by their text. An address in several slices counts once; the
 * entry that is local to the node wins.
 * @source pkg/proxy/endpointslicecache.go
 */
export function portEndpoints(slices: readonly EndpointSlice[], port: ProxiedPort, node: string): ProxyEndpoint[] {
  const found = new Map<string, ProxyEndpoint>();
  for (const slice of slices) {
    for (const { name, port: number, protocol } of slice.ports) {
      if (name !== port.portName || protocol !== port.proto) continue;
      for (const source of slice.endpoints) {
        const ip = source.addresses[0];
        if (ip === undefined || !isIpv4Text(ip)) continue;
        const text = `${ip}:${number}`;
        if (!found.has(text) || source.nodeName === node) found.set(text, { ip, text, source });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => compareText(a.text, b.text));
}

const isReady = ({ source }: ProxyEndpoint): boolean => source.ready;
const isDraining = ({ source }: ProxyEndpoint): boolean => !source.ready && source.serving && source.terminating;

/**
 * Sorts endpoints by use: ready ones, or where there are none those that still serve while they terminate; independently for the whole
 * cluster (by topology hints where they apply) and for the node.
 * @source pkg/proxy/topology.go CategorizeEndpoints
 */
export function categorize(endpoints: readonly ProxyEndpoint[], port: ProxiedPort, node: NodeView): CategorizedEndpoints {
  const hinted = usesClusterEndpoints(port) ? hintedFor(endpoints.filter(isReady), node) : null;
  let cluster: readonly ProxyEndpoint[] = [];
  if (usesClusterEndpoints(port)) {
    cluster = hinted ?? endpoints.filter(isReady);
    if (cluster.length === 0) cluster = endpoints.filter(isDraining);
  }
  if (!usesLocalEndpoints(port)) return { cluster, local: [], reachable: cluster, any: cluster.length > 0 };

  const onNode = endpoints.filter(({ source }) => source.nodeName === node.name);
  let local = onNode.filter(isReady);
  if (local.length === 0) local = onNode.filter(isDraining);
  const any = endpoints.some((endpoint) => isReady(endpoint) || isDraining(endpoint));
  return { cluster, local, reachable: union(endpoints, cluster, local), any };
}

function union(all: readonly ProxyEndpoint[], cluster: readonly ProxyEndpoint[], local: readonly ProxyEndpoint[]): ProxyEndpoint[] {
  const used = new Set([...cluster, ...local]);
  return all.filter((endpoint) => used.has(endpoint));
}

/** The ready endpoints that topology hints leave to this node; `null` when the hints do not apply. @source topologyModeFromHints */
function hintedFor(ready: readonly ProxyEndpoint[], node: NodeView): ProxyEndpoint[] | null {
  if (ready.length === 0) return null;
  if (ready.every(({ source }) => source.forNodes.length > 0)) {
    const forNode = ready.filter(({ source }) => source.forNodes.includes(node.name));
    if (forNode.length > 0) return forNode;
  }
  const { zone } = node;
  if (zone !== null && ready.every(({ source }) => source.forZones.length > 0)) {
    const forZone = ready.filter(({ source }) => source.forZones.includes(zone));
    if (forZone.length > 0) return forZone;
  }
  return null;
}
