import type { Ipv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';
import type { Prefix } from '../wire/prefix.ts';
import type { FabricAssumptions } from './assumptions.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Nsg } from './nsg.ts';
import type { SubnetId } from './subnet-id.ts';

export type { SubnetId } from './subnet-id.ts';

/** A subnet. Its first four addresses and its last are Azure's own. @source virtual-networks-faq */
export interface Subnet {
  readonly name: string;
  readonly prefix: Prefix;
  nsg: string | null;
  routeTable: string | null;
  natGateway: string | null;
  /** Service tags whose public prefixes are reached with the private source address. */
  serviceEndpoints: string[];
  /** Outbound internet without any configured method; new virtual networks do not have it any more. */
  defaultOutboundAccess: boolean;
  /** Private endpoint network policies: do NSGs and UDRs apply to the private endpoints in this subnet? */
  privateEndpointPolicies: { nsg: boolean; routeTable: boolean };
}

export interface VNet {
  readonly name: string;
  prefixes: Prefix[];
  subnets: Subnet[];
  /** Empty: Azure-provided DNS at 168.63.129.16. */
  dnsServers: Ipv4[];
}

export interface IpConfig {
  readonly name: string;
  readonly addr: Ipv4;
  readonly primary: boolean;
  /** An instance-level public address: translated one to one, without state. */
  publicIp: Ipv4 | null;
}

export interface Nic {
  readonly name: string;
  readonly mac: Mac;
  /** Who holds it: an opaque id that the caller chooses (machine, namespace and device); empty where that was not collected. */
  machine: string;
  readonly subnet: SubnetId;
  ipconfigs: IpConfig[];
  /** Off: the fabric checks source and destination against the ipconfigs. */
  enableIPForwarding: boolean;
  nsg: string | null;
}

/** Next hop types that a user may set. @source virtual-networks-udr-overview */
export type UdrNextHop = 'VirtualAppliance' | 'VirtualNetworkGateway' | 'VnetLocal' | 'Internet' | 'None';

/** What a UDR matches: a prefix, or a service tag that stands for many. */
export type UdrDestination = { readonly kind: 'prefix'; readonly prefix: Prefix } | { readonly kind: 'tag'; readonly tag: string };

export interface Udr {
  readonly name: string;
  readonly destination: UdrDestination;
  readonly nextHopType: UdrNextHop;
  /** Set for VirtualAppliance, otherwise null. */
  readonly nextHopIp: Ipv4 | null;
}

export interface RouteTable {
  readonly name: string;
  routes: Udr[];
  disableBgpRoutePropagation: boolean;
}

export type PeeringState = 'Initiated' | 'Connected' | 'Disconnected';

/** One half of a peering: the setting that `vnet` has towards `remote`. Traffic needs both halves Connected. */
export interface Peering {
  readonly name: string;
  readonly vnet: string;
  readonly remote: string;
  state: PeeringState;
  allowVirtualNetworkAccess: boolean;
  allowForwardedTraffic: boolean;
  allowGatewayTransit: boolean;
  useRemoteGateways: boolean;
}

export interface NatGateway {
  readonly name: string;
  publicIps: Ipv4[];
  /** TCP idle time-out, 4–120; UDP is 4 minutes fixed. */
  tcpIdleMinutes: number;
}

/**
 * A routing domain beside the VNet: pods of an overlay cluster. Packets between members never meet the subnet's route table;
 * nobody else can reach the prefixes.
 */
export interface Overlay {
  readonly name: string;
  /** The whole range; an address in it without a node's prefix has no way. */
  prefixes: Prefix[];
  nodes: OverlayNode[];
}

export interface OverlayNode {
  readonly nic: string;
  prefixes: Prefix[];
}

/** Addresses that the fabric maps to a NIC besides its ipconfigs: network containers and /28 blocks of a pod subnet. */
export interface CaRow {
  readonly prefix: Prefix;
  readonly nic: string;
  /** The subnet whose NSG, route table and NAT gateway apply to these addresses. */
  readonly subnet: SubnetId;
}

/** A virtual network gateway with what it learned (BGP) or was told (local network gateway). */
export interface Gateway {
  readonly name: string;
  readonly vnet: string;
  readonly kind: 'vpn' | 'expressRoute';
  /** Where it stands; that subnet's route table applies to what comes in from on-premises. */
  readonly subnet: SubnetId;
  prefixes: Prefix[];
}

/** A private endpoint: a /32 in a subnet that stands for a public service. */
export interface PrivateEndpoint {
  readonly name: string;
  readonly subnet: SubnetId;
  readonly addr: Ipv4;
  /** The external host that answers. */
  readonly host: string;
}

/** A host outside of the virtual networks. */
export interface ExternalHost {
  readonly name: string;
  /** `internet` also for public services; `onprem` is behind a gateway. */
  readonly kind: 'internet' | 'onprem';
  readonly addrs: Ipv4[];
  /** Who plays it: an opaque id of the caller; null where nothing answers. */
  machine: string | null;
}

/** The public prefixes behind a service tag, e.g. `Storage.WestEurope`. */
export interface ServiceTag {
  readonly name: string;
  prefixes: Prefix[];
}

/** Something that packets would meet in the fabric and that was not collected, or is not modelled: they end as UNKNOWN. */
export interface FabricGap {
  readonly reason: 'NOT_COLLECTED' | 'NOT_MODELLED';
  readonly text: string;
  /** Whose packets: those that one NIC, or the NICs of a subnet, send and receive; those that have to do with a public address. */
  readonly at:
    { readonly kind: 'nic'; readonly nic: string } | { readonly kind: 'subnet'; readonly subnet: SubnetId } | { readonly kind: 'public' };
  /** Only packets that are sent to this range. */
  readonly to?: Prefix;
}

/**
 * The Azure side of a world: plain data that refers by name. Built mutable or edited through drafts with the functions of `edit-*.ts`;
 * everything that reads a packet's way takes it frozen, because what it compiles is cached per object.
 */
export interface Fabric {
  vnets: VNet[];
  nics: Nic[];
  routeTables: RouteTable[];
  nsgs: Nsg[];
  peerings: Peering[];
  loadBalancers: LoadBalancer[];
  natGateways: NatGateway[];
  overlays: Overlay[];
  caMap: CaRow[];
  gateways: Gateway[];
  privateEndpoints: PrivateEndpoint[];
  externalHosts: ExternalHost[];
  serviceTags: ServiceTag[];
  /** Subtracted from the MSS option of SYN and SYN-ACK on every traversal: the host's encapsulation. */
  mssDeltaBytes: 42 | 50 | 0;
  /** Largest packet that a NIC sends or takes. */
  mtuBytes: number;
  /** The address that default outbound access shows to the internet; Azure picks one, nobody owns it. */
  defaultOutboundIp: Ipv4;
  limits: FabricLimits;
  assumptions: FabricAssumptions;
  /** Absent where the fabric is known completely. */
  gaps?: readonly FabricGap[];
}

export interface FabricLimits {
  /** Connections per NIC before new ones are dropped; half of it for a NIC that forwards. @source virtual-machine-network-throughput */
  flowsPerNic: number;
}
