import { formatIpv4 } from '../wire/ipv4.ts';
import { traverse } from './arrive.ts';
import type { Crossing } from './crossing.ts';
import type { ExternalHost } from './fabric.ts';
import type { NicView } from './fabric-index.ts';
import type { FabricResult } from './result.ts';

/**
 * The packet reaches a public service with its private source, by a service endpoint or a private endpoint; the way back is remembered.
 * @param nic who sends; null for on-premises
 */
export function leaveByEndpoint(c: Crossing, nic: NicView | null, host: ExternalHost | null): FabricResult {
  c.session.endpointFlows.set(`${c.proto} ${c.dst} ${c.dport} ${c.src} ${c.sport}`, nic?.nic.name ?? '');
  return leaveTo(c, 'internet', host);
}

/** Who called the service that now answers: a NIC's name, empty for on-premises, null for nobody. */
export function endpointCaller(c: Crossing): string | null {
  return c.session.endpointFlows.get(`${c.proto} ${c.src} ${c.sport} ${c.dst} ${c.dport}`) ?? null;
}

/** The packet leaves the virtual networks; `host` null: nobody in the model has that address. */
export function leaveTo(c: Crossing, network: 'internet' | 'onprem', host: ExternalHost | null): FabricResult {
  const ended = traverse(c, true);
  if (ended !== null) return ended;
  if (c.steps !== null) {
    const where = network === 'internet' ? 'the internet' : 'on-premises';
    const text = `${formatIpv4(c.src)} → ${formatIpv4(c.dst)} leaves to ${where}: ${host === null ? 'no host there is modelled' : host.name}`;
    c.steps.step({ stage: network === 'internet' ? 'azure:public-ip' : 'azure:gateway', verb: 'TRANSMITTED', text });
  }
  return { kind: 'external', network, host: host?.name ?? null, machine: host?.machine ?? null };
}
