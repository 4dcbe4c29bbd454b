import { type IpText, parseCidrSloppy, parseIpSloppy } from './address.ts';
import type { Field } from './field.ts';
import { type Labels, type ObjectMeta, NO_LABELS, labelOf, readAnnotations, readLabels, readMeta } from './meta.ts';
import { type Protocol, PROTOCOLS } from './pod.ts';

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
const POLICIES = ['Cluster', 'Local'] as const;

export type TrafficPolicy = (typeof POLICIES)[number];

export interface ServicePort {
  /** Empty for the only port of a service. */
  readonly name: string;
  readonly port: number;
  /** A number, or the name of a container port. */
  readonly targetPort: number | string;
  readonly protocol: Protocol;
  /** 0 until one is allocated. */
  readonly nodePort: number;
  readonly appProtocol: string | null;
}

/** A frontend address that a load balancer was given. `Proxy`: kube-proxy must not capture it. */
export interface IngressIp {
  readonly ip: IpText;
  readonly ipMode: 'VIP' | 'Proxy';
}

/** Addresses carry their family; what is not IPv4 is kept only so that it is never misread. */
export interface Service extends ObjectMeta {
  readonly type: (typeof TYPES)[number];
  /** `None` for a headless service, `null` until one is allocated. */
  readonly clusterIP: IpText | 'None' | null;
  /** Pods that back it; `null` when somebody else writes its endpoints. */
  readonly selector: Labels | null;
  readonly ports: readonly ServicePort[];
  readonly externalIPs: readonly IpText[];
  /** Seconds that a client address stays with its endpoint; `null` without session affinity. */
  readonly affinitySeconds: number | null;
  readonly externalTrafficPolicy: TrafficPolicy;
  readonly internalTrafficPolicy: TrafficPolicy;
  readonly loadBalancerSourceRanges: readonly IpText[];
  /** The address asked for, in the `spec` or the annotation of Azure. */
  readonly loadBalancerIP: string | null;
  readonly loadBalancerClass: string | null;
  readonly allocateLoadBalancerNodePorts: boolean;
  /** 0 until one is allocated. */
  readonly healthCheckNodePort: number;
  readonly publishNotReadyAddresses: boolean;
  readonly ingress: readonly IngressIp[];
  readonly externalName: string | null;
  readonly trafficDistribution: string | null;
  /** The annotations that Azure's and Kubernetes' service controllers read. */
  readonly annotations: Labels;
}

const ANNOTATION_PREFIXES = ['service.beta.kubernetes.io/', 'service.kubernetes.io/'] as const;
const AZURE = 'service.beta.kubernetes.io/azure-';
const DEFAULT_AFFINITY_SECONDS = 10_800;
const NONE: readonly never[] = Object.freeze([]);

/**
 * A ClusterIP service with everything that is not given left at its default. One literal, not a spread: a spread copy gets a hidden class of
 * its own when it is frozen (V8).
 */
export function newService(fields: Partial<Service> & { readonly namespace: string; readonly name: string }): Service {
  return {
    namespace: fields.namespace,
    name: fields.name,
    labels: fields.labels ?? NO_LABELS,
    source: fields.source ?? null,
    type: fields.type ?? 'ClusterIP',
    clusterIP: fields.clusterIP ?? null,
    selector: fields.selector ?? null,
    ports: fields.ports ?? NONE,
    externalIPs: fields.externalIPs ?? NONE,
    affinitySeconds: fields.affinitySeconds ?? null,
    externalTrafficPolicy: fields.externalTrafficPolicy ?? 'Cluster',
    internalTrafficPolicy: fields.internalTrafficPolicy ?? 'Cluster',
    loadBalancerSourceRanges: fields.loadBalancerSourceRanges ?? NONE,
    loadBalancerIP: fields.loadBalancerIP ?? null,
    loadBalancerClass: fields.loadBalancerClass ?? null,
    allocateLoadBalancerNodePorts: fields.allocateLoadBalancerNodePorts ?? true,
    healthCheckNodePort: fields.healthCheckNodePort ?? 0,
    publishNotReadyAddresses: fields.publishNotReadyAddresses ?? false,
    ingress: fields.ingress ?? NONE,
    externalName: fields.externalName ?? null,
    trafficDistribution: fields.trafficDistribution ?? null,
    annotations: fields.annotations ?? NO_LABELS,
  };
}

/** The name of another proxy that the service is left to, or `null`. @source well-known label service-proxy-name */
export function serviceProxyName(service: Service): string | null {
  return labelOf(service.labels, 'service.kubernetes.io/service-proxy-name') ?? null;
}

/** The Azure annotation called `service.beta.kubernetes.io/azure-<name>`. */
export function azureAnnotation(service: Service, name: string): string | undefined {
  return labelOf(service.annotations, AZURE + name);
}

/** Whether the frontend comes from a subnet instead of being public. @source cloud-provider-azure requiresInternalLoadBalancer */
export function isInternalLoadBalancer(service: Service): boolean {
  return azureAnnotation(service, 'load-balancer-internal') === 'true';
}

/** Whether packets reach the node for its own address and the node port. @source cloud-provider-azure azure_loadbalancer.go */
export function isFloatingIpDisabled(service: Service): boolean {
  return azureAnnotation(service, 'disable-load-balancer-floating-ip') === 'true';
}

/** Whether packets can reach the service by anything but its ClusterIP, as far as its type says. */
function isExternallyAccessible(service: Service): boolean {
  return service.type === 'LoadBalancer' || service.type === 'NodePort' || (service.type === 'ClusterIP' && service.externalIPs.length > 0);
}

/** Whether external traffic stays on the node. @source pkg/api/v1/service ExternalPolicyLocal */
export function isExternalPolicyLocal(service: Service): boolean {
  return isExternallyAccessible(service) && service.externalTrafficPolicy === 'Local';
}

/** Whether the service has a health check node port. @source pkg/api/v1/service NeedsHealthCheck */
export function needsHealthCheck(service: Service): boolean {
  return service.type === 'LoadBalancer' && isExternalPolicyLocal(service);
}

/** Reads a v1 Service. */
export function readService(object: Field, defaultNamespace: string): Service | null {
  const meta = readMeta(object, 'namespaced', defaultNamespace);
  if (meta === null) return null;
  const spec = object.mapping('spec');
  const type = spec.get('type').oneOf(TYPES, 'ClusterIP');
  const annotations = readAnnotations(object.get('metadata'), ANNOTATION_PREFIXES);
  const selector = readLabels(spec.get('selector'));
  const service: Service = {
    ...meta,
    type,
    clusterIP: type === 'ExternalName' ? null : readClusterIP(spec),
    selector: Object.keys(selector).length === 0 || type === 'ExternalName' ? null : selector,
    ports: readPorts(spec.get('ports'), type),
    externalIPs: readList(spec.get('externalIPs'), parseIpSloppy, 'an IP address'),
    affinitySeconds: readAffinity(spec),
    externalTrafficPolicy: spec.get('externalTrafficPolicy').oneOf(POLICIES, 'Cluster'),
    internalTrafficPolicy: spec.get('internalTrafficPolicy').oneOf(POLICIES, 'Cluster'),
    loadBalancerSourceRanges: readList(spec.get('loadBalancerSourceRanges'), parseCidrSloppy, 'a prefix such as 203.0.113.0/24'),
    loadBalancerIP: spec.get('loadBalancerIP').parsed(parseIpSloppy, 'an IP address')?.text ?? null,
    loadBalancerClass: spec.get('loadBalancerClass').text(253),
    allocateLoadBalancerNodePorts: spec.get('allocateLoadBalancerNodePorts').bool(true),
    healthCheckNodePort: spec.get('healthCheckNodePort').int(0, 65535) ?? 0,
    publishNotReadyAddresses: spec.get('publishNotReadyAddresses').bool(false),
    ingress: readIngress(object.mapping('status')),
    externalName: spec.get('externalName').text(253),
    trafficDistribution: spec.get('trafficDistribution').text(63),
    annotations,
  };
  const asked = azureAnnotation(service, 'load-balancer-ipv4');
  return asked === undefined ? service : { ...service, loadBalancerIP: parseIpSloppy(asked)?.text ?? service.loadBalancerIP };
}

function readClusterIP(spec: Field): Service['clusterIP'] {
  const list = spec.get('clusterIPs').items(2);
  const fields = list.length > 0 ? list : [spec.get('clusterIP')];
  const addresses: IpText[] = [];
  for (const field of fields) {
    if (field.value === 'None') return 'None';
    const address = field.value === '' ? null : field.parsed(parseIpSloppy, 'an IP address, "None" or nothing');
    if (address !== null) addresses.push(address);
  }
  return addresses.find(({ family }) => family === 4) ?? addresses[0] ?? null;
}

function readPorts(field: Field, type: Service['type']): ServicePort[] {
  const items = field.items(250);
  const opensNodePorts = type === 'NodePort' || type === 'LoadBalancer';
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const port = item.get('port').required('a port number').int(1, 65535);
    if (port === null) return [];
    if (items.length > 1) item.get('name').required('a name, because the service has several ports');
    const name = item.get('name').matching(/^[a-z0-9-]{0,63}$/, 'a port name of a-z, 0-9 and "-"') ?? '';
    if (seen.has(name)) item.fail(`two ports are called "${name}"`, 'a name of its own for every port');
    seen.add(name);
    const nodePort = item.get('nodePort').int(0, 65535) ?? 0;
    return [
      {
        name,
        port,
        targetPort: readTargetPort(item.get('targetPort'), port),
        protocol: item.get('protocol').oneOf(PROTOCOLS, 'TCP'),
        nodePort: opensNodePorts ? nodePort : 0,
        appProtocol: item.get('appProtocol').text(253),
      },
    ];
  });
}

function readTargetPort(field: Field, port: number): number | string {
  if (!field.present || field.value === 0 || field.value === '') return port;
  if (typeof field.value === 'number') return field.int(1, 65535) ?? port;
  return field.matching(/^[a-z0-9-]{1,63}$/, 'a port number or the name of a container port') ?? port;
}

function readAffinity(spec: Field): number | null {
  if (spec.get('sessionAffinity').oneOf(['None', 'ClientIP'], 'None') === 'None') return null;
  return spec.mapping('sessionAffinityConfig').mapping('clientIP').get('timeoutSeconds').int(1, 86_400) ?? DEFAULT_AFFINITY_SECONDS;
}

function readIngress(status: Field): IngressIp[] {
  return status
    .mapping('loadBalancer')
    .get('ingress')
    .items(64)
    .flatMap((item) => {
      const ip = item.get('ip').parsed(parseIpSloppy, 'an IP address');
      return ip === null ? [] : [{ ip, ipMode: item.get('ipMode').oneOf(['VIP', 'Proxy'], 'VIP') }];
    });
}

function readList(field: Field, parse: (text: string) => IpText | null, expected: string): IpText[] {
  return field.items(1024).flatMap((item) => item.required(expected).parsed(parse, expected) ?? []);
}
