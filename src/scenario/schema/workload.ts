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
  name: name.describe('name of the pod'),
  namespace: name.exactOptional().describe('default: default'),
  replicas: z.int().min(0).max(100_000).exactOptional().describe('several pods NAME-0, NAME-1 …, spread over the nodes'),
  node: z
    .union([z.string().max(253), z.int().min(0)])
    .exactOptional()
    .describe("the node's name, or its number counted from 0"),
  ip: address.exactOptional().describe('its address; default the next free one'),
  labels: labels.exactOptional().describe('default: app = NAME'),
  listens: listens.exactOptional(),
  hostNetwork: z.boolean().exactOptional().describe("true: it lives in the node's own network namespace"),
  hostPorts: z
    .array(
      section({
        hostPort: port.describe('port of the node'),
        port: port.describe('port of the pod to which it leads'),
        proto,
        hostIP: address.exactOptional().describe('only on this address of the node; default all'),
      }),
    )
    .max(100)
    .exactOptional()
    .describe('ports of the node that lead to the pod'),
  ready: z.boolean().exactOptional().describe('false: no service sends to it'),
});

const servicePort = section({
  name: name.exactOptional().describe('name of the port'),
  port: port.describe('port of the service'),
  targetPort: z.union([port, name]).exactOptional().describe('default: the port itself'),
  nodePort: port.exactOptional().describe('default a free one from 30000 to 32767'),
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
  externalIPs: z.array(address).max(100).exactOptional().describe('further addresses at which nodes take packets for it'),
  loadBalancerIP: address.exactOptional().describe('address of the load balancer; default the next free one'),
  loadBalancerSourceRanges: z.array(cidr).max(1000).exactOptional().describe('who may send to the load balancer; default everybody'),
  externalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .exactOptional()
    .describe('Local: packets from outside stay on the node that took them and keep their source; default Cluster'),
  internalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .exactOptional()
    .describe('Local: packets from inside go to pods of the same node only; default Cluster'),
  healthCheckNodePort: port
    .exactOptional()
    .describe('where load balancers ask a node for pods of its own, with externalTrafficPolicy Local'),
  sessionAffinity: z.enum(['None', 'ClientIP']).exactOptional().describe('ClientIP: a client keeps its pod; default None'),
  sessionAffinitySeconds: z.int().min(1).max(86_400).exactOptional().describe('for how long; default 10800'),
  internal: z.boolean().exactOptional().describe('an internal load balancer'),
  annotations: z
    .record(z.string().max(320), z.string().max(4096))
    .exactOptional()
    .describe('such as service.beta.kubernetes.io/azure-load-balancer-internal'),
};

export const serviceEntry: z.ZodType<ServiceEntry> = section({ name: name.describe('name of the service'), ...serviceFields });

/** A service that exists, and the fields of it that change. */
export type ServicePatch = Omit<ServiceEntry, 'name' | 'namespace' | 'endpoints' | 'clusterIP'> & { readonly service: string };

const { namespace: _namespace, endpoints: _endpoints, clusterIP: _clusterIP, ...patchFields } = serviceFields;

export const servicePatch: z.ZodType<ServicePatch> = z.lazy(() =>
  section({ service: z.string().min(1).max(600).describe('NAMESPACE/NAME'), ...patchFields }),
);
