import { DEFAULT_ASSUMPTIONS } from '../../azure/assumptions.ts';
import type { Fabric, IpConfig, Nic, Peering, VNet } from '../../azure/fabric.ts';
import { type Ipv4, ip } from '../../wire/ipv4.ts';
import { type Mac, mac } from '../../wire/mac.ts';
import type { ClusterNetwork } from '../../world/cluster.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { allVNets } from '../plan/address-spaces.ts';
import type { NodePlan } from '../plan/nodes.ts';
import type { ClusterSpec, PeeringSpec, VNetSpec } from '../spec.ts';

/** Stands for whatever address Azure picks when no outbound method is set up. */
const DEFAULT_OUTBOUND_IP: Ipv4 = ip('198.51.100.254');

/** A fabric in which nothing is connected to anything. */
export function emptyFabric(mssDeltaBytes: Fabric['mssDeltaBytes']): Fabric {
  return {
    vnets: [],
    nics: [],
    routeTables: [],
    nsgs: [],
    peerings: [],
    loadBalancers: [],
    natGateways: [],
    overlays: [],
    caMap: [],
    gateways: [],
    privateEndpoints: [],
    externalHosts: [],
    serviceTags: [],
    mssDeltaBytes,
    mtuBytes: 1500,
    defaultOutboundIp: DEFAULT_OUTBOUND_IP,
    limits: { flowsPerNic: 500_000 },
    assumptions: { ...DEFAULT_ASSUMPTIONS },
  };
}

/** The networks of a cluster and what the resource provider sets up in them, before there is any node. */
export function clusterFabric(spec: ClusterSpec, network: ClusterNetwork, mode: NetworkMode): Fabric {
  const fabric = emptyFabric(mode.mssDeltaBytes);
  const { names } = network;
  fabric.vnets = allVNets(spec, network).map(({ vnet }) => newVNet(vnet));
  fabric.peerings = (spec.peerings ?? []).flatMap(bothHalves);
  fabric.nsgs = [{ name: names.nsg, rules: [] }];
  if (mode.podRouting === 'udr') {
    fabric.routeTables = [{ name: names.routeTable, routes: [], disableBgpRoutePropagation: false }];
    for (const vnet of fabric.vnets) {
      for (const subnet of vnet.subnets) if (`${vnet.name}/${subnet.name}` === network.subnet) subnet.routeTable = names.routeTable;
    }
  }
  if (mode.podRouting === 'overlay' && network.podCidr !== null) {
    fabric.overlays = [{ name: names.overlay, prefixes: [network.podCidr], nodes: [] }];
  }
  return fabric;
}

export function newVNet(vnet: VNetSpec): VNet {
  return {
    name: vnet.name,
    prefixes: [...vnet.prefixes],
    subnets: vnet.subnets.map(({ name, prefix }) => ({
      name,
      prefix,
      nsg: null,
      routeTable: null,
      natGateway: null,
      serviceEndpoints: [],
      defaultOutboundAccess: true,
      privateEndpointPolicies: { nsg: false, routeTable: false },
    })),
    dnsServers: [],
  };
}

/** A peering as its two halves, both connected. */
export function bothHalves({ a, b }: PeeringSpec): Peering[] {
  const half = (vnet: string, remote: string): Peering => ({
    name: `${vnet}-to-${remote}`,
    vnet,
    remote,
    state: 'Connected',
    allowVirtualNetworkAccess: true,
    allowForwardedTraffic: true,
    allowGatewayTransit: false,
    useRemoteGateways: false,
  });
  return [half(a, b), half(b, a)];
}

/** The name of a node's NIC. */
export function nicName(machine: string): string {
  return `${machine}-nic`;
}

/** What identifies a NIC's end inside its machine: `MACHINE/NETNS/DEV`. */
export function nicEnd(machine: string): string {
  return `${machine}/root/eth0`;
}

/** The NIC of a node with its addresses; joins the node to the overlay domain where there is one. */
export function addNodeNic(fabric: Fabric, network: ClusterNetwork, mode: NetworkMode, plan: NodePlan): Nic {
  const nic: Nic = {
    name: nicName(plan.name),
    mac: azureMac(plan.addr),
    machine: nicEnd(plan.name),
    subnet: network.subnet,
    ipconfigs: [ipconfig(0, plan.addr), ...plan.podAddrs.map((addr, i) => ipconfig(i + 1, addr))],
    enableIPForwarding: mode.enableIPForwarding,
    nsg: network.names.nsg,
  };
  fabric.nics.push(nic);
  if (mode.podRouting === 'overlay' && plan.podCidr !== null) {
    const domain = fabric.overlays.find((one) => one.name === network.names.overlay);
    domain?.nodes.push({ nic: nic.name, prefixes: [plan.podCidr] });
  }
  return nic;
}

export function ipconfig(index: number, addr: Ipv4, publicIp: Ipv4 | null = null): IpConfig {
  return { name: `ipconfig${index + 1}`, addr, primary: index === 0, publicIp };
}

/** A MAC with one of the vendor prefixes of Azure's NICs, the rest from the address. @source AKS transcripts: 60:45:bd:… and 7c:1e:52:… */
export function azureMac(addr: Ipv4): Mac {
  const hex = (value: number): string => (value & 255).toString(16).padStart(2, '0');
  return mac(`60:45:bd:${hex(addr >>> 16)}:${hex(addr >>> 8)}:${hex(addr)}`);
}
