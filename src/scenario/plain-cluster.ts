import { parseIpv4 } from '../wire/ipv4.ts';
import { type Prefix, contains, formatPrefix, parsePrefix, prefix } from '../wire/prefix.ts';
import type { ClusterSection } from './schema/cluster.ts';

/** What `az aks create` takes; a dump of such a cluster needs nothing said. */
const USUAL = { subnet: prefix('10.224.0.0/16'), podCidr: prefix('10.244.0.0/16'), serviceCidr: prefix('10.0.0.0/16') } as const;
const NODES_WITHOUT_A_DUMP = 2;

/**
 * The cluster that a file of nothing but Kubernetes objects runs in. A manifest gets two nodes in mode overlay. A dump of a cluster has its
 * Node objects: they are the nodes, and where they have no pod range, pods have addresses of the nodes' subnet. Address ranges other than the
 * usual ones are taken to be the /16 around what the dump shows.
 */
export function plainCluster(documents: readonly unknown[]): ClusterSection {
  const objects = documents.flatMap(listed);
  const nodes = objects.filter((object) => object.get('kind') === 'Node');
  const services = objects.filter((object) => object.get('kind') === 'Service').map((service) => text(service, 'spec', 'clusterIP'));
  const serviceCidr = around(services, USUAL.serviceCidr);
  const ranges = serviceCidr === null ? {} : { serviceCidr };
  if (nodes.length === 0) return { mode: 'overlay', nodes: NODES_WITHOUT_A_DUMP, ...ranges };
  const subnet = around(nodes.flatMap(internalAddress), USUAL.subnet);
  const podRanges = nodes.map((node) => text(node, 'spec', 'podCIDR').replace(/\/.*$/, ''));
  const podCidr = around(podRanges, USUAL.podCidr);
  return {
    mode: podRanges.every((range) => range === '') ? 'azure' : 'overlay',
    ...ranges,
    ...(subnet === null ? {} : { vnet: subnet, subnet }),
    ...(podCidr === null ? {} : { podCidr }),
  };
}

type Fields = ReadonlyMap<string, unknown>;

/** An object as a map, so that no key of a stranger's file means anything; the items of a list instead of the list. */
function listed(value: unknown): Fields[] {
  const fields = fieldsOf(value);
  const items = fields.get('items');
  return Array.isArray(items) ? items.map(fieldsOf) : [fields];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map<string, unknown>(Object.entries(value)) : new Map();
}

function text(object: Fields, section: string, field: string): string {
  const value = fieldsOf(object.get(section)).get(field);
  return typeof value === 'string' ? value : '';
}

function internalAddress(node: Fields): string[] {
  const addresses = fieldsOf(node.get('status')).get('addresses');
  const internal = (Array.isArray(addresses) ? addresses : []).map(fieldsOf).find((address) => address.get('type') === 'InternalIP');
  const value = internal?.get('address');
  return typeof value === 'string' ? [value] : [];
}

/** The /16 around the first address, unless all lie in the usual range; null for the usual range. */
function around(texts: readonly string[], usual: Prefix): string | null {
  const addresses = texts.flatMap((one) => parseIpv4(one) ?? []);
  const [first] = addresses;
  if (first === undefined || addresses.every((address) => contains(usual, address))) return null;
  const range = parsePrefix(`${(first >>> 24) & 255}.${(first >>> 16) & 255}.0.0/16`);
  return range === null ? null : formatPrefix(range);
}
