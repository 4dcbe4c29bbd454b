import { ANY, type Ipv4, formatIpv4 } from '../wire/ipv4.ts';
import { contains } from '../wire/prefix.ts';
import { ICMP, TCP, UDP } from '../wire/proto.ts';
import { isOwn } from './arrive.ts';
import { type Crossing, drop, flowText, rewriteSource, unknown } from './crossing.ts';
import type { NatGateway } from './fabric.ts';
import type { NicView, SubnetView } from './fabric-index.ts';
import { gapInPublic } from './gaps.ts';
import { lbOutbound } from './lb-outbound.ts';
import { memo } from './memo.ts';
import { VIA_LB, VIA_PUBLIC_IP, admitOut } from './nic-flows.ts';
import { isFragment, isIcmpError, opensConnection } from './packet.ts';
import type { FabricResult } from './result.ts';
import { type SnatPool, bind, bindingOf, isClosed, release, use } from './snat.ts';

const MINUTE_MS = 60_000;
/** Not configurable. */
const UDP_IDLE_MINUTES = 4;
/** @source nat-gateway-resource */
const NAT_PORTS_PER_ADDRESS = 64_512;
const NAT_FIRST_PORT = 1024;
const NAT_FIN_HOLD_MS = 65_000;
const NAT_RST_HOLD_MS = 16_000;

/**
 * The way to the internet, once the route says so: a connection that came by a public address goes back by it; otherwise NAT gateway,
 * then instance-level public address, then load balancer, then default outbound access.
 * @returns null when the packet, now with a public source, may leave
 * @source nat-overview, order of outbound methods
 */
export function outbound(c: Crossing, nic: NicView, subnet: SubnetView, known: number): FabricResult | null {
  const gap = gapInPublic(c);
  if (gap !== null) return gap;
  if ((known & VIA_LB) !== 0) {
    if (!isIcmpError(c.packet)) return null;
    return unknown(c, 'azure:snat', 'AZURE_ICMP_ERROR_THROUGH_NAT', 'an ICMP error about a load-balanced connection is not modelled');
  }
  const instance = nic.nic.ipconfigs.find((ipconfig) => ipconfig.addr === c.src)?.publicIp ?? null;
  if ((known & VIA_PUBLIC_IP) !== 0 && instance !== null) return byInstanceAddress(c, nic, instance);
  const isSubnetAddress = contains(subnet.prefix, c.src) || isOwn(c.index, nic, c.src);
  if (subnet.natGateway !== null && isSubnetAddress && subnet.natGateway.publicIps.length > 0) {
    return translate(c, nic, natPool(subnet.natGateway), `NAT gateway ${subnet.natGateway.name}`);
  }
  if (instance !== null) return byInstanceAddress(c, nic, instance);
  if (usesNodePorts(c, nic)) {
    const lb = lbOutbound(c.fabric.loadBalancers, nic.nic.name, c.proto === ICMP ? TCP : c.proto);
    if (lb !== null) return translate(c, nic, lb.pool, `load balancer ${lb.lb}, rule ${lb.rule}`);
  }
  if (subnet.defaultOutbound && isSubnetAddress)
    return translate(c, nic, defaultPool(c.fabric.defaultOutboundIp), 'default outbound access');
  return drop(c, 'azure:snat', 'AZURE_NO_OUTBOUND', noOutbound(c, nic, isSubnetAddress));
}

/** Secondary ipconfigs get nothing from a load balancer; pod-subnet addresses use their node's ports (an assumption). */
function usesNodePorts(c: Crossing, nic: NicView): boolean {
  if (c.src === nic.primary) return true;
  if (!nic.holdsRows || !c.fabric.assumptions.caRowsUseNodeSnatPorts) return false;
  return isOwn(c.index, nic, c.src) && !nic.nic.ipconfigs.some((ipconfig) => ipconfig.addr === c.src);
}

function noOutbound(c: Crossing, nic: NicView, isSubnetAddress: boolean): string {
  const src = formatIpv4(c.src);
  if (!isSubnetAddress) return `${src} is no address of ${nic.nic.name}: no outbound method takes it to the internet`;
  if (c.src !== nic.primary)
    return `${src} is a secondary ipconfig: it has no NAT gateway and no public address, and load balancers leave it out`;
  return `${src} has no way to the internet: no NAT gateway, no public address, no outbound rule, no default outbound access`;
}

/** One to one and without state. The NIC remembers that replies come by that address. */
function byInstanceAddress(c: Crossing, nic: NicView, publicIp: Ipv4): null {
  admitOut(c, nic, VIA_PUBLIC_IP);
  rewriteSource(c, 'azure:snat', publicIp, c.sport, () => `public address of ${nic.nic.name}`);
  return null;
}

function translate(c: Crossing, nic: NicView, pool: SnatPool, by: string): FabricResult | null {
  if (isFragment(c.packet)) return drop(c, 'azure:snat', 'AZURE_FRAGMENT_DROPPED', `${by} drops IP fragments`);
  if (c.proto !== TCP && c.proto !== UDP) {
    if (isIcmpError(c.packet))
      return unknown(c, 'azure:snat', 'AZURE_ICMP_ERROR_THROUGH_NAT', `an ICMP error through ${by} is not modelled`);
    return drop(c, 'azure:snat', 'AZURE_NAT_NO_ICMP', `${by} carries TCP and UDP only: ${flowText(c)}`);
  }
  const tuple = { nic: nic.nic.name, src: c.src, sport: c.sport, dst: c.dst, dport: c.dport, proto: c.proto };
  let flow = bindingOf(c.session, pool.owner, tuple);
  const opens = opensConnection(c.packet);
  if (flow !== null && flow.expiresAtMs <= c.nowMs) {
    release(c.session, flow);
    if (!opens) {
      const text = `${by} forgot the connection after ${flow.idleMs / MINUTE_MS} silent minutes`;
      return drop(c, 'azure:snat', 'AZURE_IDLE_EXPIRED', text, flow.tcpReset);
    }
    flow = null;
  }
  if (flow !== null && (flow.offset >= pool.count || (isClosed(flow) && opens))) {
    if (flow.offset >= pool.count) release(c.session, flow);
    flow = null;
  }
  if (flow === null && !opens) return drop(c, 'azure:snat', 'AZURE_SNAT_NO_FLOW', `${by} knows no connection ${flowText(c)}`);
  flow ??= bind(c.session, pool, tuple, c.nowMs);
  if (flow === null) return exhausted(c, nic, pool, by);
  if (!flow.dports.includes(c.dport)) flow.dports.push(c.dport);
  use(flow, c.packet.tcpFlags, true, c.nowMs);
  const { publicIp, publicPort } = flow;
  rewriteSource(c, 'azure:snat', publicIp, publicPort, () => `${by}: source becomes ${formatIpv4(publicIp)}:${publicPort}`);
  return null;
}

function exhausted(c: Crossing, nic: NicView, pool: SnatPool, by: string): FabricResult {
  const to = c.proto === UDP ? formatIpv4(c.dst) : `${formatIpv4(c.dst)}:${c.dport}`;
  const whose = pool.roundRobin ? '' : ` of ${nic.nic.name}`;
  return drop(c, 'azure:snat', 'AZURE_SNAT_EXHAUSTED', `${by}: all ${pool.count} ports${whose} are taken towards ${to}`);
}

/** On demand: any NIC of the subnet takes the next free port. */
const natPool = memo((gateway: NatGateway): SnatPool => onDemand(`NATGW/${gateway.name}`, gateway.publicIps, gateway.tcpIdleMinutes));

/** The shared address that Azure lends. Its port allocation is not documented; it is modelled as a NAT gateway's. */
function defaultPool(addr: Ipv4): SnatPool {
  return onDemand('default', [addr], UDP_IDLE_MINUTES);
}

function onDemand(owner: string, addrs: readonly Ipv4[], tcpIdleMinutes: number): SnatPool {
  return {
    owner,
    count: addrs.length * NAT_PORTS_PER_ADDRESS,
    addrAt: (place) => addrs[Math.floor(place / NAT_PORTS_PER_ADDRESS)] ?? ANY,
    portAt: (place) => NAT_FIRST_PORT + (place % NAT_PORTS_PER_ADDRESS),
    roundRobin: true,
    idleMs: tcpIdleMinutes * MINUTE_MS,
    udpIdleMs: UDP_IDLE_MINUTES * MINUTE_MS,
    tcpReset: true,
    finHoldMs: NAT_FIN_HOLD_MS,
    rstHoldMs: NAT_RST_HOLD_MS,
  };
}
