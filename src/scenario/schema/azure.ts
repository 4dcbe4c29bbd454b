import * as z from 'zod';
import type { FabricAssumptions } from '../../azure/assumptions.ts';
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
  readonly assumptions?: Partial<FabricAssumptions>;
}

const subnetId = textThat((text) => /^[^/\s]+(?:\/[^/\s]+)?$/.test(text), 'VNET/SUBNET, or SUBNET of the cluster');
const subnets = z.array(subnetId).max(100).exactOptional().describe('subnets that it is attached to');
const portRange = textThat((text) => /^(?:\*|\d{1,5}(?:-\d{1,5})?)$/.test(text), '*, a port or a range such as 8000-8999');
const ports = oneOrMore(z.union([portRange, z.int().min(0).max(65_535)])).exactOptional();
const prefixOrTag = oneOrMore(z.string().min(1).max(100)).exactOptional().describe('a prefix, an address, a service tag, or *');

export const udrEntry: z.ZodType<UdrEntry> = z.lazy(() =>
  section({
    name: name.describe('its name in the table'),
    to: z.string().max(100).describe('destination: a prefix or a service tag'),
    nextHopType: z
      .enum(['VirtualAppliance', 'VirtualNetworkGateway', 'VnetLocal', 'Internet', 'None'])
      .describe('where it leads; None drops'),
    nextHopIp: address.exactOptional().describe('of a VirtualAppliance'),
  }).describe('a user-defined route'),
);

export const nsgRuleEntry: z.ZodType<NsgRuleEntry> = z.lazy(() =>
  section({
    name: name.describe('its name in the group'),
    priority: z.int().min(100).max(4096).describe('lower ones are asked first'),
    direction: z.enum(['Inbound', 'Outbound']).describe('packets to the subnet or NIC, or from it'),
    access: z.enum(['Allow', 'Deny']).describe('what becomes of packets that it matches'),
    protocol: z.enum(['Tcp', 'Udp', 'Icmp', '*']).exactOptional().describe('default *'),
    source: prefixOrTag,
    sourcePorts: ports.describe('source ports; default *'),
    destination: prefixOrTag,
    ports: ports.describe('destination ports; default *'),
  }).describe('a rule of a security group'),
);

type PeeringFlag = 'allowVirtualNetworkAccess' | 'allowForwardedTraffic' | 'allowGatewayTransit' | 'useRemoteGateways';

/** Settings of one half of a peering, as az network vnet peering takes them. */
export const peeringFlags: Readonly<Record<PeeringFlag, z.ZodExactOptional<z.ZodBoolean>>> = {
  allowVirtualNetworkAccess: z.boolean().exactOptional().describe('false: packets of the other network do not get in; default true'),
  allowForwardedTraffic: z
    .boolean()
    .exactOptional()
    .describe('packets get in that come from elsewhere than the other network; default false'),
  allowGatewayTransit: z.boolean().exactOptional().describe('the other network may use the gateway of this one; default false'),
  useRemoteGateways: z.boolean().exactOptional().describe('this network uses the gateway of the other one; default false'),
};

/** What nobody says about the fabric, as switches. */
export const assumptions: z.ZodType<Partial<FabricAssumptions>> = z.lazy(() =>
  section({
    ttlDecrement: z
      .union([z.literal(0), z.literal(1)])
      .exactOptional()
      .describe('how far the fabric itself lowers the TTL; default 0'),
    platformIgnoresUdr: yes('168.63.129.16 and 169.254.169.254 are reached whatever the route table says'),
    platformAnswersOwnAddressesOnly: yes("the platform addresses answer only sources that are the NIC's own"),
    overlayInVirtualNetworkTag: yes('packets of an overlay match the tag VirtualNetwork'),
    caRowsAreOwnAddresses: yes("addresses that the fabric maps to a NIC pass its address checks like the NIC's own"),
    caRowsUseNodeSnatPorts: yes('mapped addresses leave through the SNAT ports of their node'),
    mssDeltaOutside: yes('the MSS also shrinks on the way from and to hosts outside'),
    publicIpNeedsNsg: yes('a Standard public address takes nothing in unless a security group allows it'),
    icmpErrorsFollowFlow: yes('ICMP errors about a flow that a security group let in pass without a rule'),
    nsgFlowIdleMs: z.int().min(0).exactOptional().describe('after so many milliseconds of silence rules decide anew; default 240000'),
  }).describe('what no document says about Azure, and how it is taken to be'),
);

function yes(what: string): z.ZodExactOptional<z.ZodBoolean> {
  return z.boolean().exactOptional().describe(`${what}; default true`);
}

export const azureSection: z.ZodType<AzureSection> = z.lazy(() =>
  section({
    vnets: z
      .array(
        section({
          name: name.describe('its name'),
          prefixes: z.array(cidr).min(1).max(50).describe('its address ranges'),
          subnets: z
            .array(section({ name: name.describe('VNET/NAME elsewhere'), prefix: cidr.describe('its address range') }))
            .max(3000)
            .describe('its subnets'),
        }),
      )
      .max(100)
      .exactOptional()
      .describe('further virtual networks'),
    peerings: z
      .array(
        section({
          vnet: name.describe('the virtual network to which this half belongs'),
          remote: name.describe('the other one'),
          both: z.boolean().exactOptional().describe('also the other half; default true'),
          state: z
            .enum(['Initiated', 'Connected', 'Disconnected'])
            .exactOptional()
            .describe('packets pass where it is Connected; default that, where both halves are there'),
          ...peeringFlags,
        }),
      )
      .max(500)
      .exactOptional()
      .describe('peerings of virtual networks'),
    routeTables: z
      .array(
        section({
          name: name.describe('its name; of one that exists: that gets the routes added'),
          routes: z.array(udrEntry).max(400).exactOptional().describe('its user-defined routes'),
          subnets,
          disableBgpRoutePropagation: z
            .boolean()
            .exactOptional()
            .describe('true: routes of gateways do not reach the subnets; default false'),
        }),
      )
      .max(200)
      .exactOptional()
      .describe('route tables'),
    nsgs: z
      .array(
        section({
          name: name.describe('its name; of one that exists: that gets the rules added'),
          rules: z.array(nsgRuleEntry).max(1000).exactOptional().describe('its rules, apart from the default ones'),
          subnets,
          nics: z.array(z.string().max(160)).max(5000).exactOptional().describe('NICs, or nodes and virtual machines by their name'),
        }),
      )
      .max(1000)
      .exactOptional()
      .describe('network security groups'),
    natGateways: z
      .array(
        section({
          name: name.describe('its name'),
          publicIps: z.array(address).min(1).max(16).describe('addresses from which packets go to the internet'),
          subnets,
          tcpIdleMinutes: z.int().min(4).max(120).exactOptional().describe('after so much silence a connection is forgotten; default 4'),
        }),
      )
      .max(100)
      .exactOptional()
      .describe('NAT gateways'),
    mssDeltaBytes: z
      .union([z.literal(0), z.literal(42), z.literal(50)])
      .exactOptional()
      .describe("what the fabric takes off the MSS; default the mode's"),
    assumptions: assumptions.exactOptional(),
  }).describe('what az network makes beside the cluster'),
);
