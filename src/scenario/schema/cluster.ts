import * as z from 'zod';
import { NETWORK_MODES } from '../../aks/modes/modes.ts';
import { address, cidr, labels, listens, name } from './field.ts';
import { section } from './section.ts';

/** One node, where the default will not do. */
export interface NodeEntry {
  readonly name?: string;
  readonly addr?: string;
  readonly podCidr?: string;
  readonly labels?: Record<string, string>;
  readonly listens?: (string | number)[];
}

/** The cluster in a few lines; what is left out is as `az aks create` makes it. */
export interface ClusterSection {
  readonly mode: string;
  readonly name?: string;
  readonly nodes?: number | NodeEntry[];
  readonly nodePool?: string;
  readonly resourceSuffix?: string;
  readonly vnet?:
    | string
    | { readonly name?: string; readonly prefixes?: string[]; readonly subnets?: { readonly name: string; readonly prefix: string }[] };
  readonly subnet?: string | { readonly name?: string; readonly prefix?: string };
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly dnsServiceIp?: string;
  readonly maxPods?: number;
  readonly outboundIps?: string[];
  readonly masq?: { readonly nonMasqueradeCidrs?: string[]; readonly masqLinkLocal?: boolean };
  readonly kernel?: { readonly brPromiscConntrack?: 'old' | 'fixed' };
}

const node = section({
  name: name.exactOptional().describe('default node-0, node-1 …'),
  addr: address.exactOptional().describe("the node's address; default the next free one of the subnet"),
  podCidr: cidr.exactOptional().describe("the node's share of the pod range, a /24"),
  labels: labels.exactOptional().describe('labels of the Node object'),
  listens: listens.exactOptional().describe('ports on which the machine itself listens'),
});

const subnet = section({ name: name.describe('its name in the virtual network'), prefix: cidr.describe('its address range') });

export const clusterSection: z.ZodType<ClusterSection> = section({
  mode: z
    .string()
    .max(40)
    .meta({ description: 'network mode: kubenet, azure (node subnet) or overlay', enum: NETWORK_MODES.map(({ name }) => name) }),
  name: name.exactOptional().describe('name of the cluster'),
  nodes: z
    .union([z.int().min(1), z.array(node).min(1)])
    .exactOptional()
    .describe('how many nodes (named node-0, node-1 …), or a list of them; default 2'),
  nodePool: name.exactOptional().describe('name of the node pool, part of the names of its resources'),
  resourceSuffix: name.exactOptional().describe('the digits in the names of the Azure resources'),
  vnet: z
    .union([
      cidr,
      section({
        name: name.exactOptional().describe('default aks-vnet-12345678'),
        prefixes: z.array(cidr).min(1).exactOptional().describe('its address ranges'),
        subnets: z.array(subnet).exactOptional().describe('further subnets'),
      }),
    ])
    .exactOptional()
    .describe('address range of the virtual network; default 10.224.0.0/12'),
  subnet: z
    .union([
      cidr,
      section({ name: name.exactOptional().describe('default aks-subnet'), prefix: cidr.exactOptional().describe('its address range') }),
    ])
    .exactOptional()
    .describe('the subnet of the nodes; default 10.224.0.0/16'),
  podCidr: cidr.exactOptional().describe('pod range of kubenet and overlay; default 10.244.0.0/16'),
  serviceCidr: cidr.exactOptional().describe('default 10.0.0.0/16'),
  dnsServiceIp: address.exactOptional().describe('default: the tenth address of the service range'),
  maxPods: z.int().min(1).exactOptional().describe('pods that a node may run'),
  outboundIps: z.array(address).min(1).max(16).exactOptional().describe("public addresses of the load balancer's outbound rule"),
  masq: section({
    nonMasqueradeCidrs: z.array(cidr).max(1000).exactOptional().describe('destinations to which pods keep their address'),
    masqLinkLocal: z.boolean().exactOptional().describe('also masquerade what goes to 169.254.0.0/16'),
  })
    .exactOptional()
    .describe('configuration of ip-masq-agent; default that of the mode'),
  kernel: section({
    brPromiscConntrack: z
      .enum(['old', 'fixed'])
      .exactOptional()
      .describe('whether a promiscuous bridge passes its extra copy up with conntrack reset (fixed, the default) or not (old)'),
  })
    .exactOptional()
    .describe('behaviours in which kernels differ'),
}).describe('the cluster; what is left out is as az aks create makes it');
