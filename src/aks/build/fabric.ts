import { associate, addOverlay, addOverlayNode, addPeering, addSubnet, addVnet } from '../../azure/edit-network.ts';
import { addNic } from '../../azure/edit-nic.ts';
import { addNsg, addRouteTable } from '../../azure/edit-rules.ts';
import { emptyFabric } from '../../azure/empty-fabric.ts';
import type { Fabric, Nic } from '../../azure/fabric.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { type Mac, mac } from '../../wire/mac.ts';
import type { ClusterNetwork } from '../../world/cluster.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { allVNets } from '../plan/address-spaces.ts';
import type { NodePlan } from '../plan/nodes.ts';
import type { ClusterSpec, PeeringSpec } from '../spec.ts';

/** The networks of a cluster and what the resource provider sets up in them, before there is any node. */
export function clusterFabric(spec: ClusterSpec, network: ClusterNetwork, mode: NetworkMode): Fabric {
  const fabric = emptyFabric();
  const { names } = network;
  fabric.mssDeltaBytes = spec.mssDeltaBytes ?? mode.mssDeltaBytes;
  for (const { vnet } of allVNets(spec, network)) {
    addVnet(fabric, vnet);
    for (const subnet of vnet.subnets) addSubnet(fabric, vnet.name, subnet);
  }
  for (const peering of spec.peerings ?? []) addPeeringHalves(fabric, peering);
  addNsg(fabric, names.nsg);
  if (mode.podRouting === 'udr') {
    addRouteTable(fabric, names.routeTable);
    associate(fabric, network.subnet, { routeTable: names.routeTable });
  }
  if (mode.podRouting === 'overlay' && network.podCidr !== null) addOverlay(fabric, names.overlay, [network.podCidr]);
  return fabric;
}

/** Makes one half of a peering, or both, in the state that is asked for. */
export function addPeeringHalves(fabric: Fabric, { vnet, remote, both, state, ...options }: PeeringSpec): void {
  const halves = [addPeering(fabric, { vnet, remote, ...options })];
  if (both !== false) halves.push(addPeering(fabric, { vnet: remote, remote: vnet, ...options }));
  if (state !== undefined) for (const half of halves) half.state = state;
}

/** The name of a machine's NIC. */
export function nicName(machine: string): string {
  return `${machine}-nic`;
}

/** What identifies a NIC's end inside its machine: `MACHINE/NETNS/DEV`. */
export function nicEnd(machine: string): string {
  return `${machine}/root/eth0`;
}

/** The NIC of a node with its addresses; joins the node to the overlay domain where there is one. */
export function addNodeNic(fabric: Fabric, network: ClusterNetwork, mode: NetworkMode, plan: NodePlan): Nic {
  const nic = addNic(fabric, {
    name: nicName(plan.name),
    mac: freeMac(fabric, plan.addr),
    machine: nicEnd(plan.name),
    subnet: network.subnet,
    ipconfigs: [plan.addr, ...plan.podAddrs].map((addr) => ({ addr })),
    enableIPForwarding: mode.enableIPForwarding,
    nsg: network.names.nsg,
  });
  if (mode.podRouting === 'overlay' && plan.podCidr !== null) addOverlayNode(fabric, network.names.overlay, nic.name, [plan.podCidr]);
  return nic;
}

/** Vendor prefixes that NICs of Azure have. @source AKS transcripts: 60:45:bd:… and 7c:1e:52:…; IEEE registry */
const VENDOR_PREFIXES = ['60:45:bd', '7c:1e:52', '00:0d:3a', '00:22:48', '00:15:5d'] as const;

/** A MAC that no NIC has: a vendor prefix of Azure, the rest from the address. */
export function freeMac(fabric: Fabric, addr: Ipv4): Mac {
  const hex = (value: number): string => (value & 255).toString(16).padStart(2, '0');
  for (let shift = 0; ; shift++) {
    const tail = `${hex((addr >>> 16) + shift)}:${hex(addr >>> 8)}:${hex(addr)}`;
    for (const vendor of VENDOR_PREFIXES) {
      const candidate = mac(`${vendor}:${tail}`);
      if (!fabric.nics.some((nic) => nic.mac === candidate)) return candidate;
    }
  }
}
