import { BROADCAST, type Ipv4, formatIpv4, isMulticast } from '../wire/ipv4.ts';
import { ICMP, TCP, UDP, protoName } from '../wire/proto.ts';
import { arrive, isOwn, traverse } from './arrive.ts';
import { type Crossing, crossingOf, drop, flowText } from './crossing.ts';
import type { Fabric } from './fabric.ts';
import type { NicView, SubnetView } from './fabric-index.ts';
import { gapAtNic } from './gaps.ts';
import { fromBackend } from './lb-stage.ts';
import { VIA_LB, flowOut } from './nic-flows.ts';
import { nsgOut } from './nsg-stage.ts';
import type { FabricPacket } from './packet.ts';
import { isPlatform, toPlatform } from './platform.ts';
import { inSet, lookup } from './prefix-map.ts';
import type { FabricHooks, FabricResult } from './result.ts';
import { byRoute } from './route-stage.ts';
import type { FabricSession } from './session.ts';

/**
 * Takes a frame that left a NIC through the fabric, up to the next machine: NIC NSG, subnet NSG, source check, overlay domain or
 * effective route, then on the other side subnet NSG, NIC NSG, destination check. (That the NSGs come before the route is inferred.)
 * @param packet rewritten in place: addresses by NAT, the MSS option by the encapsulation
 * @param nowMs the session's clock
 * @throws InvariantError when the fabric has no such NIC, or is not frozen
 */
export function fabricTransmit(
  fabric: Fabric,
  session: FabricSession,
  nicName: string,
  packet: FabricPacket,
  nowMs: number,
  hooks: FabricHooks | null = null,
): FabricResult {
  const { nic, c } = crossingOf(fabric, session, nicName, packet, nowMs, hooks);
  const blocked = checkPacket(c);
  if (blocked !== null) return blocked;
  const subnet = sendingSubnet(c, nic);
  const gap = gapAtNic(c, nic, subnet, 'azure:route');
  if (gap !== null) return gap;
  const known = flowOut(c, nic);
  if (isPlatform(c.dst) && (fabric.assumptions.platformIgnoresUdr || lookup(subnet.routes, c.dst)?.source !== 'User')) {
    return toPlatform(c, nic, subnet, known);
  }
  const denied = nsgOut(c, nic, subnet, known);
  if (denied !== null) return denied;
  if ((known & VIA_LB) !== 0) {
    const ended = fromBackend(c, known);
    if (ended !== null) return ended;
  } else if (!nic.nic.enableIPForwarding && !isOwn(c.index, nic, c.src)) {
    const text = `${formatIpv4(c.src)} is none of the ipconfigs of ${nicName}, and its IP forwarding is off`;
    return drop(c, 'azure:source-check', 'AZURE_NIC_SRC_CHECK', text);
  }
  if (c.steps !== null) {
    const why = nic.nic.enableIPForwarding ? 'IP forwarding is on' : `${formatIpv4(c.src)} is its own, or answers the load balancer`;
    c.steps.step({ stage: 'azure:source-check', verb: 'MATCHED', text: `${nicName} may send: ${why}` });
  }
  return overOverlay(c, nic) ?? byRoute(c, nic, subnet, known);
}

const GRE = 47;
const IPIP = 4;
const RESERVED_UDP_PORT = 65_330;

/** What no VNet carries, whatever the tables say. @source virtual-networks-faq */
export function checkPacket(c: Crossing): FabricResult | null {
  const { packet, proto, dst } = c;
  if (proto !== TCP && proto !== UDP && proto !== ICMP && (proto === GRE || proto === IPIP)) {
    return drop(c, 'azure:protocol', 'AZURE_PROTO_BLOCKED', `Azure carries no ${protoName(proto)}: ${flowText(c)}`);
  }
  if (dst >>> 28 >= 14) {
    const isDhcp = dst === BROADCAST && proto === UDP && c.dport === 67;
    if (isDhcp) return { kind: 'platform', service: 'dhcp' };
    return drop(c, 'azure:protocol', 'AZURE_MULTICAST', `${notCarried(dst)}: ${flowText(c)}`);
  }
  if (proto === UDP && c.sport === RESERVED_UDP_PORT) {
    return drop(c, 'azure:protocol', 'AZURE_RESERVED_PORT', `UDP source port ${RESERVED_UDP_PORT} is kept by Azure`);
  }
  if (packet.lengthBytes > c.fabric.mtuBytes) {
    return drop(c, 'azure:protocol', 'AZURE_MTU_EXCEEDED', `${packet.lengthBytes} bytes are more than the ${c.fabric.mtuBytes} of a NIC`);
  }
  return packet.moreFragments || packet.fragOffsetBytes > 0 ? followFragment(c) : null;
}

function notCarried(dst: Ipv4): string {
  if (isMulticast(dst)) return 'Azure carries no multicast';
  return dst === BROADCAST ? 'Azure carries no broadcast' : 'Azure carries nothing to 240.0.0.0/4, which is reserved and nobody has';
}

/** Later fragments are judged by the ports of the first; one that comes before it is dropped. @source virtual-network-tcpip-performance-tuning */
function followFragment(c: Crossing): FabricResult | null {
  const { packet, session } = c;
  const key = `${packet.src} ${packet.dst} ${packet.proto} ${packet.id}`;
  if (packet.fragOffsetBytes === 0) {
    session.fragments.set(key, { sport: packet.sport, dport: packet.dport });
    return null;
  }
  const first = session.fragments.get(key);
  if (first === undefined) return drop(c, 'azure:protocol', 'AZURE_FRAGMENT_DROPPED', 'a later fragment came before the first one');
  c.sport = first.sport;
  c.dport = first.dport;
  return null;
}

/** A row of the address map brings its own subnet: a pod subnet's NSG and routes apply to its pods. */
function sendingSubnet(c: Crossing, nic: NicView): SubnetView {
  if (!nic.holdsRows || c.src === nic.primary) return nic.subnet;
  const own = c.index.find(nic.subnet.vnet, c.src);
  return own?.kind === 'nic' && own.nic === nic ? own.subnet : nic.subnet;
}

/**
 * Between members of an overlay the domain's own map decides; the subnet's route table is not asked. (That UDRs do not apply is inferred.)
 * @returns null when the destination is in no overlay of this NIC
 */
function overOverlay(c: Crossing, nic: NicView): FabricResult | null {
  for (const view of nic.overlays) {
    if (!inSet(view.ranges, c.dst)) continue;
    const name = lookup(view.nodes, c.dst);
    const node = name === undefined ? null : c.index.nicNamed(name);
    if (node === null) return noNode(c, view.overlay.name, c.dst);
    if (c.steps !== null) {
      c.steps.step({
        stage: 'azure:overlay',
        verb: 'ROUTED',
        text: `overlay ${view.overlay.name}: ${formatIpv4(c.dst)} is behind ${node.nic.name}`,
      });
    }
    return traverse(c, false) ?? arrive(c, node, node.subnet);
  }
  return null;
}

function noNode(c: Crossing, overlay: string, dst: Ipv4): FabricResult {
  return drop(c, 'azure:overlay', 'AZURE_NO_CA_MAPPING', `overlay ${overlay} has no node for ${formatIpv4(dst)}`);
}
