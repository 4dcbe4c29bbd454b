import type { Field } from './field.ts';
import { type ObjectMeta, readMeta } from './meta.ts';
import type { Pod } from './pod.ts';
import { type LabelSelector, EVERYTHING, readSelector, selects } from './selector.ts';

export type Direction = 'ingress' | 'egress';
const BOTH: readonly Direction[] = ['ingress', 'egress'];
const INGRESS: readonly Direction[] = ['ingress'];

/** Which walks an object that podwalk does not play would decide about. */
export type Governs =
  /** Packets that enter (ingress) or leave (egress) the selected pods. `namespace` is `null` for all namespaces. */
  | {
      readonly what: 'pods';
      readonly namespace: string | null;
      readonly selector: LabelSelector;
      readonly directions: readonly Direction[];
    }
  | { readonly what: 'service'; readonly namespace: string; readonly name: string }
  /** Walks that end at the object itself. Packets to the services behind it (`namespace/name`) go their usual way. */
  | { readonly what: 'target'; readonly addresses: readonly string[]; readonly services: readonly string[] }
  | { readonly what: 'nodes' }
  /** Nothing that a packet meets, yet the object changes what else is allocated or built. */
  | { readonly what: 'allocation' }
  /** Nobody knows: an unknown kind. */
  | { readonly what: 'unknown' };

/** An object, or a property of one, whose effect on packets is not modelled. Walks that it governs are UNKNOWN. */
export interface Governing extends ObjectMeta {
  readonly apiVersion: string;
  readonly kind: string;
  readonly governs: Governs;
  /** Why a walk cannot be decided, as a clause: `NetworkPolicy is not modelled`. */
  readonly reason: string;
}

type Reach = (object: Field, meta: ObjectMeta) => Governs;

const networkPolicy: Reach = (object, { namespace }) => {
  const spec = object.mapping('spec');
  const named = spec.get('policyTypes').items(2);
  const types = named.map((type) => type.oneOf(['Ingress', 'Egress'], 'Ingress').toLowerCase());
  const directions = named.length > 0 ? BOTH.filter((direction) => types.includes(direction)) : spec.get('egress').present ? BOTH : INGRESS;
  return { what: 'pods', namespace, selector: readSelector(spec.mapping('podSelector')), directions };
};
const wholeNamespace: Reach = (_, { namespace }) => ({ what: 'pods', namespace, selector: EVERYTHING, directions: BOTH });
const allPods: Reach = () => ({ what: 'pods', namespace: null, selector: EVERYTHING, directions: BOTH });
const nodes: Reach = () => ({ what: 'nodes' });
const allocation: Reach = () => ({ what: 'allocation' });

/** Kinds by `group/kind`. Policies with a selector language of their own are taken to select their whole namespace. */
const REACH: ReadonlyMap<string, { readonly scope: 'namespaced' | 'cluster'; readonly reach: Reach }> = new Map([
  ['networking.k8s.io/NetworkPolicy', { scope: 'namespaced', reach: networkPolicy }],
  ['extensions/NetworkPolicy', { scope: 'namespaced', reach: networkPolicy }],
  ['policy.networking.k8s.io/AdminNetworkPolicy', { scope: 'cluster', reach: allPods }],
  ['policy.networking.k8s.io/BaselineAdminNetworkPolicy', { scope: 'cluster', reach: allPods }],
  ['policy.networking.k8s.io/ClusterNetworkPolicy', { scope: 'cluster', reach: allPods }],
  ...['projectcalico.org', 'crd.projectcalico.org'].flatMap((group) => [
    [`${group}/NetworkPolicy`, { scope: 'namespaced', reach: wholeNamespace }] as const,
    [`${group}/StagedNetworkPolicy`, { scope: 'namespaced', reach: allocation }] as const,
    [`${group}/GlobalNetworkPolicy`, { scope: 'cluster', reach: allPods }] as const,
    [`${group}/HostEndpoint`, { scope: 'cluster', reach: nodes }] as const,
    [`${group}/IPPool`, { scope: 'cluster', reach: allocation }] as const,
    [`${group}/FelixConfiguration`, { scope: 'cluster', reach: allocation }] as const,
    [`${group}/GlobalNetworkSet`, { scope: 'cluster', reach: allocation }] as const,
    [`${group}/NetworkSet`, { scope: 'namespaced', reach: allocation }] as const,
    [`${group}/Tier`, { scope: 'cluster', reach: allocation }] as const,
  ]),
  ['cilium.io/CiliumNetworkPolicy', { scope: 'namespaced', reach: wholeNamespace }],
  ['cilium.io/CiliumClusterwideNetworkPolicy', { scope: 'cluster', reach: allPods }],
  ['cilium.io/CiliumLocalRedirectPolicy', { scope: 'namespaced', reach: wholeNamespace }],
  ['cilium.io/CiliumEgressGatewayPolicy', { scope: 'cluster', reach: allPods }],
  ['networking.k8s.io/Ingress', { scope: 'namespaced', reach: ingressTarget }],
  ['extensions/Ingress', { scope: 'namespaced', reach: ingressTarget }],
  ['gateway.networking.k8s.io/Gateway', { scope: 'namespaced', reach: gatewayTarget }],
  ...['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute'].map(
    (kind) => [`gateway.networking.k8s.io/${kind}`, { scope: 'namespaced', reach: routeTarget }] as const,
  ),
  ['networking.k8s.io/ServiceCIDR', { scope: 'cluster', reach: allocation }],
  ['acn.azure.com/NodeNetworkConfig', { scope: 'namespaced', reach: allocation }],
  ['acn.azure.com/ClusterSubnetState', { scope: 'namespaced', reach: allocation }],
]);

/**
 * Reads an object of a kind that is known to govern packets and is not modelled; `undefined` when the kind is not one of them, `null` when
 * the object is malformed.
 */
export function readGoverning(
  group: string,
  kind: string,
  apiVersion: string,
  object: Field,
  namespace: string,
): Governing | null | undefined {
  const known = REACH.get(`${group}/${kind}`);
  if (known === undefined) return undefined;
  const meta = readMeta(object, known.scope, namespace);
  if (meta === null) return null;
  return { ...meta, apiVersion, kind, governs: known.reach(object, meta), reason: `${kind} is not modelled` };
}

/** An object of a kind that podwalk has never heard of. */
export function readUnknownKind(kind: string, apiVersion: string, object: Field, defaultNamespace: string): Governing | null {
  const meta = readMeta(object, 'namespaced', defaultNamespace);
  if (meta === null) return null;
  return { ...meta, apiVersion, kind, governs: { what: 'unknown' }, reason: `objects of kind ${kind} (${apiVersion}) are not known` };
}

/** Whether an object decides about packets in one direction at a pod. Policies never select pods on the host network. */
export function governsPod({ governs }: Governing, pod: Pod, direction: Direction): boolean {
  if (governs.what !== 'pods' || pod.hostNetwork || !governs.directions.includes(direction)) return false;
  return (governs.namespace === null || governs.namespace === pod.namespace) && selects(governs.selector, pod.labels);
}

function ingressTarget(object: Field, { namespace }: ObjectMeta): Governs {
  const spec = object.mapping('spec');
  const paths = spec
    .get('rules')
    .items(1000)
    .flatMap((rule) => rule.get('http').get('paths').items(1000));
  const backends = [spec.get('defaultBackend'), ...paths.map((path) => path.get('backend'))];
  const frontends = object.mapping('status').mapping('loadBalancer').get('ingress').items(64);
  return target(
    frontends.map((frontend) => frontend.get('ip')),
    backends.map((backend) => backend.get('service').get('name')),
    namespace,
  );
}

function gatewayTarget(object: Field, { namespace }: ObjectMeta): Governs {
  const addresses = object.mapping('status').get('addresses').items(64);
  return target(
    addresses.map((address) => address.get('value')),
    [],
    namespace,
  );
}

function routeTarget(object: Field, { namespace }: ObjectMeta): Governs {
  const references = object
    .mapping('spec')
    .get('rules')
    .items(1000)
    .flatMap((rule) => rule.get('backendRefs').items(1000));
  return target(
    [],
    references.map((reference) => reference.get('name')),
    namespace,
  );
}

function target(addresses: readonly Field[], services: readonly Field[], namespace: string): Governs {
  return { what: 'target', addresses: texts(addresses), services: texts(services).map((name) => `${namespace}/${name}`) };
}

function texts(fields: readonly Field[]): string[] {
  return [...new Set(fields.flatMap((field) => field.text(253) ?? []))].toSorted();
}
