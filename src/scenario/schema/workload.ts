import * as z from 'zod';
import { address, cidr, labels, listens, name, port } from './field.ts';
import { section, textThat } from './section.ts';

/** A pod in one line, or several that differ only in their number. */
export interface PodEntry {
  readonly name: string;
  readonly namespace?: string;
  readonly replicas?: number;
  readonly node?: string | number;
  readonly ip?: string;
  readonly labels?: Record<string, string>;
  readonly listens?: (string | number)[];
  readonly hostNetwork?: boolean;
  readonly hostPorts?: { readonly hostPort: number; readonly port: number; readonly proto?: 'tcp' | 'udp'; readonly hostIP?: string }[];
  readonly ready?: boolean;
}

export interface ServicePortEntry {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly proto?: 'tcp' | 'udp';
}

/** A service in one line; fields have the names of the Kubernetes API. */
export interface ServiceEntry {
  readonly name: string;
  readonly namespace?: string;
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly clusterIP?: string;
  readonly ports?: (number | string | ServicePortEntry)[];
  readonly selector?: Record<string, string> | null;
  readonly endpoints?: string[];
  readonly externalIPs?: string[];
  readonly loadBalancerIP?: string;
  readonly loadBalancerSourceRanges?: string[];
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
  readonly internalTrafficPolicy?: 'Cluster' | 'Local';
  readonly healthCheckNodePort?: number;
  readonly sessionAffinity?: 'None' | 'ClientIP';
  readonly sessionAffinitySeconds?: number;
  readonly internal?: boolean;
  readonly annotations?: Record<string, string>;
}

const proto = z.enum(['tcp', 'udp']).exactOptional().describe('default tcp');

export const podEntry: z.ZodType<PodEntry> = section({
  name,
  namespace: name.exactOptional().describe('default: default'),
  replicas: z.int().min(0).max(100_000).exactOptional().describe('several pods NAME-0, NAME-1 …, spread over the nodes'),
  node: z
    .union([z.string().max(253), z.int().min(0)])
    .exactOptional()
    .describe("the node's name, or its number counted from 0"),
  ip: address.exactOptional(),
  labels: labels.exactOptional().describe('default: app = NAME'),
  listens: listens.exactOptional(),
  hostNetwork: z.boolean().exactOptional(),
  hostPorts: z
    .array(section({ hostPort: port, port, proto, hostIP: address.exactOptional() }))
    .max(100)
    .exactOptional(),
  ready: z.boolean().exactOptional().describe('false: no service sends to it'),
});

const servicePort = section({
  name: name.exactOptional(),
  port,
  targetPort: z.union([port, name]).exactOptional().describe('default: the port itself'),
  nodePort: port.exactOptional(),
  proto,
});

const portText = textThat((text) => /^(?:(?:tcp|udp)\/)?\d{1,5}$/.test(text), 'a port such as 80 or udp/53');

const serviceFields = {
  namespace: name.exactOptional().describe('default: default'),
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).exactOptional().describe('default ClusterIP'),
  clusterIP: z
    .union([address, z.literal('None')])
    .exactOptional()
    .describe('None: headless; default: the next free address'),
  ports: z
    .array(z.union([port, portText, servicePort]))
    .max(1000)
    .exactOptional()
    .describe('80, udp/53, or port, targetPort, nodePort'),
  selector: labels.nullable().exactOptional().describe('default: app = NAME; null: no selector'),
  endpoints: z.array(address).max(1000).exactOptional().describe('addresses behind a service without selector'),
  externalIPs: z.array(address).max(100).exactOptional(),
  loadBalancerIP: address.exactOptional(),
  loadBalancerSourceRanges: z.array(cidr).max(1000).exactOptional(),
  externalTrafficPolicy: z.enum(['Cluster', 'Local']).exactOptional(),
  internalTrafficPolicy: z.enum(['Cluster', 'Local']).exactOptional(),
  healthCheckNodePort: port.exactOptional(),
  sessionAffinity: z.enum(['None', 'ClientIP']).exactOptional(),
  sessionAffinitySeconds: z.int().min(1).max(86_400).exactOptional(),
  internal: z.boolean().exactOptional().describe('an internal load balancer'),
  annotations: z.record(z.string().max(320), z.string().max(4096)).exactOptional(),
};

export const serviceEntry: z.ZodType<ServiceEntry> = section({ name, ...serviceFields });

/** A service that exists, and the fields of it that change. */
export type ServicePatch = Omit<ServiceEntry, 'name' | 'namespace' | 'endpoints' | 'clusterIP'> & { readonly service: string };

const { namespace: _namespace, endpoints: _endpoints, clusterIP: _clusterIP, ...patchFields } = serviceFields;

export const servicePatch: z.ZodType<ServicePatch> = z.lazy(() =>
  section({ service: z.string().min(1).max(600).describe('NAMESPACE/NAME'), ...patchFields }),
);
