import * as z from 'zod';
import { address, cidr, name } from './field.ts';
import { oneOrMore, section, textThat } from './section.ts';

export interface VnetEntry {
  readonly name: string;
  readonly prefixes: string[];
  readonly subnets: { readonly name: string; readonly prefix: string }[];
}

/** One half of a peering, as `az network vnet peering create` makes it; two names join both ways. */
export interface PeeringEntry {
  readonly vnet: string;
  readonly remote: string;
  readonly both?: boolean;
  readonly state?: 'Initiated' | 'Connected' | 'Disconnected';
  readonly allowVirtualNetworkAccess?: boolean;
  readonly allowForwardedTraffic?: boolean;
  readonly allowGatewayTransit?: boolean;
  readonly useRemoteGateways?: boolean;
}

export interface UdrEntry {
  readonly name: string;
  readonly to: string;
  readonly nextHopType: 'VirtualAppliance' | 'VirtualNetworkGateway' | 'VnetLocal' | 'Internet' | 'None';
  readonly nextHopIp?: string;
}

export interface RouteTableEntry {
  readonly name: string;
  readonly routes?: UdrEntry[];
  readonly subnets?: string[];
  readonly disableBgpRoutePropagation?: boolean;
}

export interface NsgRuleEntry {
  readonly name: string;
  readonly priority: number;
  readonly direction: 'Inbound' | 'Outbound';
  readonly access: 'Allow' | 'Deny';
  readonly protocol?: 'Tcp' | 'Udp' | 'Icmp' | '*';
  readonly source?: string | string[];
  readonly sourcePorts?: string | number | (string | number)[];
  readonly destination?: string | string[];
  readonly ports?: string | number | (string | number)[];
}

export interface NsgEntry {
  readonly name: string;
  readonly rules?: NsgRuleEntry[];
  readonly subnets?: string[];
  readonly nics?: string[];
}

export interface NatGatewayEntry {
  readonly name: string;
  readonly publicIps: string[];
  readonly subnets?: string[];
  readonly tcpIdleMinutes?: number;
}

/** What `az network` makes beside the cluster. A route table or NSG that exists already gets the routes or rules added. */
export interface AzureSection {
  readonly vnets?: VnetEntry[];
  readonly peerings?: PeeringEntry[];
  readonly routeTables?: RouteTableEntry[];
  readonly nsgs?: NsgEntry[];
  readonly natGateways?: NatGatewayEntry[];
  readonly mssDeltaBytes?: 0 | 42 | 50;
}

const subnetId = textThat((text) => /^[^/\s]+(?:\/[^/\s]+)?$/.test(text), 'VNET/SUBNET, or SUBNET of the cluster');
const subnets = z.array(subnetId).max(100).exactOptional().describe('subnets that it is attached to');
const portRange = textThat((text) => /^(?:\*|\d{1,5}(?:-\d{1,5})?)$/.test(text), '*, a port or a range such as 8000-8999');
const ports = oneOrMore(z.union([portRange, z.int().min(0).max(65_535)])).exactOptional();
const prefixOrTag = oneOrMore(z.string().min(1).max(100)).exactOptional().describe('a prefix, an address, a service tag, or *');

export const udrEntry: z.ZodType<UdrEntry> = z.lazy(() =>
  section({
    name,
    to: z.string().max(100).describe('destination: a prefix or a service tag'),
    nextHopType: z.enum(['VirtualAppliance', 'VirtualNetworkGateway', 'VnetLocal', 'Internet', 'None']),
    nextHopIp: address.exactOptional().describe('of a VirtualAppliance'),
  }),
);

export const nsgRuleEntry: z.ZodType<NsgRuleEntry> = z.lazy(() =>
  section({
    name,
    priority: z.int().min(100).max(4096),
    direction: z.enum(['Inbound', 'Outbound']),
    access: z.enum(['Allow', 'Deny']),
    protocol: z.enum(['Tcp', 'Udp', 'Icmp', '*']).exactOptional().describe('default *'),
    source: prefixOrTag,
    sourcePorts: ports,
    destination: prefixOrTag,
    ports: ports.describe('destination ports'),
  }),
);

export const azureSection: z.ZodType<AzureSection> = z.lazy(() =>
  section({
    vnets: z
      .array(section({ name, prefixes: z.array(cidr).min(1).max(50), subnets: z.array(section({ name, prefix: cidr })).max(3000) }))
      .max(100)
      .exactOptional()
      .describe('further virtual networks'),
    peerings: z
      .array(
        section({
          vnet: name,
          remote: name,
          both: z.boolean().exactOptional().describe('also the other half; default true'),
          state: z.enum(['Initiated', 'Connected', 'Disconnected']).exactOptional(),
          allowVirtualNetworkAccess: z.boolean().exactOptional(),
          allowForwardedTraffic: z.boolean().exactOptional(),
          allowGatewayTransit: z.boolean().exactOptional(),
          useRemoteGateways: z.boolean().exactOptional(),
        }),
      )
      .max(500)
      .exactOptional(),
    routeTables: z
      .array(
        section({
          name,
          routes: z.array(udrEntry).max(400).exactOptional(),
          subnets,
          disableBgpRoutePropagation: z.boolean().exactOptional(),
        }),
      )
      .max(200)
      .exactOptional(),
    nsgs: z
      .array(
        section({
          name,
          rules: z.array(nsgRuleEntry).max(1000).exactOptional(),
          subnets,
          nics: z.array(z.string().max(160)).max(5000).exactOptional().describe('NICs, or nodes and virtual machines by their name'),
        }),
      )
      .max(1000)
      .exactOptional(),
    natGateways: z
      .array(
        section({ name, publicIps: z.array(address).min(1).max(16), subnets, tcpIdleMinutes: z.int().min(4).max(120).exactOptional() }),
      )
      .max(100)
      .exactOptional(),
    mssDeltaBytes: z
      .union([z.literal(0), z.literal(42), z.literal(50)])
      .exactOptional()
      .describe("what the fabric takes off the MSS; default the mode's"),
  }).describe('what az network makes beside the cluster'),
);
