import type { EndpointSlice } from '../objects/endpoint-slice.ts';
import { compareText, keyOf } from '../objects/meta.ts';
import type { Service } from '../objects/service.ts';
import { type ProxyEndpoint, categorize, portEndpoints } from './endpoints.ts';
import { type RuleContext, type ServicePortRules, renderServicePort } from './service-rules.ts';
import { type ProxiedPort, isInSourceRanges, proxiedPorts, usesLocalEndpoints } from './service-ports.ts';
import type { NodeView } from './settings.ts';

/** The objects that kube-proxy watches. They are treated as immutable: what is rendered from them is remembered by their identity. */
export interface ProxyObjects {
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
}

/** A service that kube-proxy makes rules for, with its slices and what was rendered of it so far. */
export class ProxiedService {
  readonly service: Service;
  readonly ports: readonly ProxiedPort[];
  readonly slices: readonly EndpointSlice[];
  /** How many endpoints its ports have, usable or not. */
  readonly endpointCount: number;
  readonly #rendered = new Map<string, readonly ServicePortRules[]>();
  readonly #endpoints: ReadonlyMap<ProxiedPort, readonly ProxyEndpoint[]>;
  /** Whether an address stands in the slices more than once, so that which entry counts depends on the node. */
  readonly #repeated: boolean;
  readonly #hosts: ReadonlySet<string>;
  readonly #zones: ReadonlySet<string>;
  readonly #hintedNodes: ReadonlySet<string>;
  readonly #restricted: boolean;

  constructor(service: Service, ports: readonly ProxiedPort[], slices: readonly EndpointSlice[]) {
    this.service = service;
    this.ports = ports;
    this.slices = slices;
    const endpoints = slices.flatMap((slice) => slice.endpoints);
    this.#repeated = new Set(endpoints.map((endpoint) => endpoint.addresses[0])).size < endpoints.length;
    this.#endpoints = new Map(ports.map((port) => [port, portEndpoints(slices, port, '')]));
    this.endpointCount = ports.reduce((sum, port) => sum + this.endpoints(port, '').length, 0);
    const local = this.#repeated || ports.some(usesLocalEndpoints);
    this.#hosts = new Set(local ? endpoints.flatMap(({ nodeName }) => nodeName ?? []) : []);
    this.#zones = new Set(endpoints.flatMap(({ forZones }) => forZones));
    this.#hintedNodes = new Set(endpoints.flatMap(({ forNodes }) => forNodes));
    this.#restricted = ports.some(({ sourceRanges, loadBalancerVIPs }) => sourceRanges.length > 0 && loadBalancerVIPs.length > 0);
  }

  /** Whether two nodes can have different rules for the service. */
  get differsByNode(): boolean {
    return this.#hosts.size > 0 || this.#zones.size > 0 || this.#hintedNodes.size > 0 || this.#restricted;
  }

  /** Names what matters about a node: nodes with the same variant have the same rules for the service. */
  variant(node: NodeView): string {
    if (!this.differsByNode) return '';
    const name = this.#hosts.has(node.name) || this.#hintedNodes.has(node.name) ? node.name : '';
    const zone = node.zone !== null && this.#zones.has(node.zone) ? node.zone : '';
    const own = this.#restricted ? this.ports.map((port) => (isInSourceRanges(port, node.ip) ? 'y' : 'n')).join('') : '';
    return `${name}|${zone}|${own}`;
  }

  /** The rules of the service's ports on a node; the identical object whenever nothing that matters differs. */
  rules(node: NodeView, context: RuleContext, contextKey: string): readonly ServicePortRules[] {
    const key = `${contextKey} ${this.variant(node)}`;
    let rules = this.#rendered.get(key);
    if (rules === undefined) {
      const origin = `svc ${keyOf(this.service)}`;
      rules = this.ports.map((port) => renderServicePort(port, categorize(this.endpoints(port, node.name), port, node), context, origin));
      this.#rendered.set(key, rules);
    }
    return rules;
  }

  /** The endpoints of one of its ports, as a node sees them. */
  endpoints(port: ProxiedPort, node: string): readonly ProxyEndpoint[] {
    const anywhere = this.#repeated ? undefined : this.#endpoints.get(port);
    return anywhere ?? portEndpoints(this.slices, port, node);
  }
}

const REMEMBERED_SLICES = 4;
const byService = new WeakMap<Service, ProxiedService[]>();
const byObjects = new WeakMap<readonly Service[], WeakMap<readonly EndpointSlice[], readonly ProxiedService[]>>();

/** The services that kube-proxy makes rules for, sorted by namespace and name (the real one walks a map in random order). */
export function proxiedServices({ services, endpointSlices }: ProxyObjects): readonly ProxiedService[] {
  let bySlices = byObjects.get(services);
  if (bySlices === undefined) byObjects.set(services, (bySlices = new WeakMap()));
  let proxied = bySlices.get(endpointSlices);
  if (proxied === undefined) bySlices.set(endpointSlices, (proxied = compile(services, endpointSlices)));
  return proxied;
}

function compile(services: readonly Service[], endpointSlices: readonly EndpointSlice[]): readonly ProxiedService[] {
  const slices = slicesByService(endpointSlices);
  return services
    .filter((service) => proxiedPorts(service).length > 0)
    .map((service) => ({ key: keyOf(service), service }))
    .toSorted((a, b) => compareText(a.key, b.key))
    .map(({ key, service }) => proxiedService(service, slices.get(key) ?? []));
}

/** Slices by `namespace/service`, each list sorted by name. */
export function slicesByService(endpointSlices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const grouped = new Map<string, EndpointSlice[]>();
  for (const slice of endpointSlices) {
    if (slice.serviceName === null) continue;
    const key = `${slice.namespace}/${slice.serviceName}`;
    const list = grouped.get(key);
    if (list === undefined) grouped.set(key, [slice]);
    else list.push(slice);
  }
  for (const list of grouped.values()) list.sort((a, b) => compareText(a.name, b.name));
  return grouped;
}

/** An edit makes new lists of the old objects: a service keeps what was rendered of it for the same slices. */
function proxiedService(service: Service, slices: readonly EndpointSlice[]): ProxiedService {
  let known = byService.get(service);
  if (known === undefined) byService.set(service, (known = []));
  const same = known.find((one) => one.slices.length === slices.length && one.slices.every((slice, index) => slice === slices[index]));
  if (same !== undefined) return same;
  const proxied = new ProxiedService(service, proxiedPorts(service), slices);
  known.unshift(proxied);
  known.length = Math.min(known.length, REMEMBERED_SLICES);
  return proxied;
}
