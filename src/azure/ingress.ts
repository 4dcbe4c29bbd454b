import { InvariantError } from '../wire/invariant.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { contains } from '../wire/prefix.ts';
import { TCP } from '../wire/proto.ts';
import { arrive } from './arrive.ts';
import { type Crossing, crossing, crossingOf, drop } from './crossing.ts';
import type { Fabric } from './fabric.ts';
import { indexOf } from './fabric-index.ts';
import { gapInPublic } from './gaps.ts';
import { endpointCaller } from './leave.ts';
import { BY_PLATFORM, VIA_SNAT } from './nic-flows.ts';
import { type FabricPacket, opensConnection } from './packet.ts';
import { fromPublic } from './public-stage.ts';
import type { FabricHooks, FabricResult } from './result.ts';
import { byRoute } from './route-stage.ts';
import { isPrivate } from './routes.ts';
import type { FabricSession } from './session.ts';
import { checkPacket } from './transmit.ts';

/**
 * Takes a packet from a host outside: from the internet to a public address, from on-premises through a gateway into the VNets. How hosts
 * on-premises reach the internet is not modelled.
 * @throws InvariantError when the fabric has no such host, or is not frozen
 */
export function fabricFromExternal(
  fabric: Fabric,
  session: FabricSession,
  hostName: string,
  packet: FabricPacket,
  nowMs: number,
  hooks: FabricHooks | null = null,
): FabricResult {
  const host = fabric.externalHosts.find((candidate) => candidate.name === hostName);
  if (host === undefined) throw new InvariantError(`no external host ${hostName} in the fabric`);
  const c = crossing(fabric, indexOf(fabric), session, packet, nowMs, hooks);
  const blocked = checkPacket(c);
  if (blocked !== null) return blocked;
  const gap = host.kind === 'internet' ? gapInPublic(c) : null;
  if (gap !== null) return gap;
  // What an on-premises host sends from a private address does not come by the internet, where public addresses are.
  const target = host.kind === 'onprem' && isPrivate(c.src) ? undefined : c.index.publicTargets.get(c.dst);
  if (target !== undefined) return fromPublic(c, target);
  const other = c.index.hostAt(c.dst);
  if (other !== null && other.kind === host.kind) {
    return { kind: 'external', network: host.kind, host: other.name, machine: other.machine };
  }
  return host.kind === 'onprem' ? fromOnPrem(c) : (fromEndpoint(c) ?? noPublicAddress(c));
}

/** A service answers a connection that came by a service endpoint or a private endpoint. */
function fromEndpoint(c: Crossing): FabricResult | null {
  const caller = endpointCaller(c);
  if (caller === null) return null;
  const nic = c.index.nicNamed(caller);
  if (nic !== null) return arrive(c, nic, nic.subnet, VIA_SNAT);
  const host = c.index.hostAt(c.dst);
  return { kind: 'external', network: 'onprem', host: host?.name ?? null, machine: host?.machine ?? null };
}

function noPublicAddress(c: Crossing): FabricResult {
  const dst = formatIpv4(c.dst);
  if (!isPrivate(c.dst)) return { kind: 'external', network: 'internet', host: null, machine: null };
  return drop(c, 'azure:public-ip', 'AZURE_PUBLIC_IP_UNKNOWN', `${dst} is private: the internet does not lead there`);
}

/** The gateway that knows the sender's range brings it in; the route table of the gateway's subnet applies. */
function fromOnPrem(c: Crossing): FabricResult {
  const gateway = c.fabric.gateways.find((candidate) => candidate.prefixes.some((range) => contains(range, c.src)));
  if (gateway === undefined) {
    return drop(c, 'azure:gateway', 'AZURE_NO_GATEWAY', `no gateway leads to ${formatIpv4(c.src)}, so none brings its packets in`);
  }
  if (c.steps !== null) {
    c.steps.step({
      stage: 'azure:gateway',
      verb: 'RECEIVED',
      text: `gateway ${gateway.name} of ${gateway.vnet} takes the packet from on-premises`,
    });
  }
  return byRoute(c, null, c.index.subnet(gateway.subnet), 0);
}

/**
 * Takes a packet that the platform sends to a NIC: an answer, or a health probe from 168.63.129.16, which the NSGs must allow.
 * @throws InvariantError when the fabric has no such NIC, or is not frozen
 */
export function fabricFromPlatform(
  fabric: Fabric,
  session: FabricSession,
  nicName: string,
  packet: FabricPacket,
  nowMs: number,
  hooks: FabricHooks | null = null,
): FabricResult {
  const { nic, c } = crossingOf(fabric, session, nicName, packet, nowMs, hooks);
  return arrive(c, nic, nic.subnet, packet.proto === TCP && opensConnection(packet) ? BY_PLATFORM : 0);
}
