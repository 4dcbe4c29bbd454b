import { type Ipv4, formatIpv4 } from '../wire/ipv4.ts';
import { type Crossing, drop } from './crossing.ts';
import type { FabricIndex, NicView, SubnetView } from './fabric-index.ts';
import { gapAtNic } from './gaps.ts';
import { VIA_LB, VIA_PUBLIC_IP, flowIn } from './nic-flows.ts';
import { nsgIn } from './nsg-stage.ts';
import { isSyn } from './packet.ts';
import type { FabricResult } from './result.ts';

/** Whether an address is one of a NIC's own: an ipconfig, or a row of the address map where those count. */
export function isOwn(index: FabricIndex, nic: NicView, addr: Ipv4): boolean {
  if (addr === nic.primary) return true;
  if (nic.holdsRows && !index.fabric.assumptions.caRowsAreOwnAddresses) return nic.nic.ipconfigs.some((ipconfig) => ipconfig.addr === addr);
  const target = index.find(nic.subnet.vnet, addr);
  return target?.kind === 'nic' && target.nic === nic;
}

/**
 * What one traversal does to a packet: the encapsulation shrinks the MSS option of SYN and SYN-ACK.
 * @returns null, or the drop where the fabric is assumed to count hops
 * @source AKS transcripts: 1460 arrives as 1410 or as 1418
 */
export function traverse(c: Crossing, outside: boolean): FabricResult | null {
  const { packet, fabric } = c;
  const { ttlDecrement, mssDeltaOutside } = fabric.assumptions;
  if (ttlDecrement === 1) {
    if (packet.ttl <= 1) return drop(c, 'azure:protocol', 'AZURE_TTL_EXPIRED', 'the TTL ends inside the fabric');
    packet.ttl--;
  }
  if (packet.mssBytes > 0 && isSyn(packet) && fabric.mssDeltaBytes > 0 && (mssDeltaOutside || !outside)) {
    const before = packet.mssBytes;
    const after = Math.max(0, before - fabric.mssDeltaBytes);
    packet.mssBytes = after;
    if (c.steps !== null) {
      const text = `the encapsulation takes ${fabric.mssDeltaBytes} bytes off the MSS: ${before} → ${after}`;
      c.steps.step({ stage: 'azure:mss', verb: 'REWRITTEN', text, before: { mss: before }, after: { mss: after } });
    }
  }
  return null;
}

/**
 * The receiving side: subnet NSG, NIC NSG, destination check, delivery.
 * @param via what brought the packet besides plain routing: flags of `nic-flows.ts`
 * @param record the load balancer's flow, where it did
 */
export function arrive(c: Crossing, nic: NicView, subnet: SubnetView, via = 0, record = 0): FabricResult {
  const gap = gapAtNic(c, nic, subnet, 'azure:nsg-in-subnet');
  if (gap !== null) return gap;
  const known = flowIn(c, nic);
  if ((via & (VIA_LB | VIA_PUBLIC_IP)) !== 0 && known === 0 && isClosed(c, nic, subnet, via)) {
    const text = `${nic.nic.name} has no NSG, and a Standard public address takes nothing in unless an NSG allows it`;
    return drop(c, 'azure:public-ip', 'AZURE_PUBLIC_IP_CLOSED', text);
  }
  const denied = nsgIn(c, nic, subnet, known, via, record);
  if (denied !== null) return denied;
  if (!nic.nic.enableIPForwarding && ((via | known) & VIA_LB) === 0 && !isOwn(c.index, nic, c.dst)) {
    const text = `${formatIpv4(c.dst)} is none of the ipconfigs of ${nic.nic.name}, and its IP forwarding is off`;
    return drop(c, 'azure:destination-check', 'AZURE_NIC_DST_CHECK', text);
  }
  if (c.steps !== null) {
    const why = nic.nic.enableIPForwarding ? 'IP forwarding is on' : `${formatIpv4(c.dst)} is accepted`;
    c.steps.step({ stage: 'azure:destination-check', verb: 'DELIVERED', text: `to ${nic.nic.name}: ${why}` });
  }
  return nic.arrival;
}

function isClosed(c: Crossing, nic: NicView, subnet: SubnetView, via: number): boolean {
  if (nic.nsg !== null || subnet.nsg !== null || !c.fabric.assumptions.publicIpNeedsNsg) return false;
  return (via & VIA_PUBLIC_IP) !== 0 || c.fromInternet;
}
