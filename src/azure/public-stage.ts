import { formatIpv4 } from '../wire/ipv4.ts';
import { arrive, traverse } from './arrive.ts';
import { type Crossing, drop, flowText, rewriteDestination } from './crossing.ts';
import { toBackend } from './lb-stage.ts';
import { VIA_PUBLIC_IP, VIA_SNAT } from './nic-flows.ts';
import { isFragment } from './packet.ts';
import type { PublicTarget } from './public-addresses.ts';
import type { FabricResult } from './result.ts';
import type { SnatFlow } from './session.ts';
import { bindingFor, release, use } from './snat.ts';

const MINUTE_MS = 60_000;

/** A packet came to a public address of the fabric: an answer to SNAT, a load-balanced connection, or a machine's own address. */
export function fromPublic(c: Crossing, target: PublicTarget): FabricResult {
  c.fromInternet = true;
  const ended = traverse(c, true);
  if (ended !== null) return ended;
  if (target.kind === 'instance') return toInstance(c, target.nic, target);
  const flow = bindingFor(c.session, c.dst, c.dport, c.src, c.sport, c.proto);
  if (flow !== null && flow.expiresAtMs > c.nowMs) return toInside(c, flow);
  if (target.kind === 'frontend') return toBackend(c, target.lb, target.frontend);
  if (flow === null)
    return drop(c, 'azure:snat', 'AZURE_SNAT_NO_FLOW', `no connection from inside holds ${formatIpv4(c.dst)} for ${flowText(c)}`);
  release(c.session, flow);
  const text = `the connection through ${flow.owner} was silent for more than ${flow.idleMs / MINUTE_MS} minutes`;
  return drop(c, 'azure:snat', 'AZURE_IDLE_EXPIRED', text, flow.tcpReset);
}

function toInside(c: Crossing, flow: SnatFlow): FabricResult {
  if (isFragment(c.packet)) return drop(c, 'azure:snat', 'AZURE_FRAGMENT_DROPPED', `${flow.owner} drops IP fragments`);
  const nic = c.index.nicNamed(flow.nic);
  if (nic === null) return drop(c, 'azure:snat', 'AZURE_SNAT_NO_FLOW', `NIC ${flow.nic} does not exist any more`);
  use(flow, c.packet.tcpFlags, false, c.nowMs);
  rewriteDestination(c, 'azure:snat', flow.src, flow.sport, () => `${flow.owner}: back to ${flow.nic}`);
  const target = c.index.find(nic.subnet.vnet, flow.src);
  return arrive(c, nic, target?.kind === 'nic' ? target.subnet : nic.subnet, VIA_SNAT);
}

function toInstance(c: Crossing, name: string, target: Extract<PublicTarget, { kind: 'instance' }>): FabricResult {
  const nic = c.index.nicNamed(name);
  if (nic === null) return drop(c, 'azure:public-ip', 'AZURE_PUBLIC_IP_UNKNOWN', `nobody has ${formatIpv4(c.dst)}`);
  rewriteDestination(c, 'azure:public-ip', target.addr, c.dport, () => `public address of ${name}`);
  return arrive(c, nic, nic.subnet, VIA_PUBLIC_IP);
}
