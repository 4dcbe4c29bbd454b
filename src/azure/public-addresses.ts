import type { Ipv4 } from '../wire/ipv4.ts';
import type { Fabric, NatGateway, Nic } from './fabric.ts';
import type { Frontend, LoadBalancer } from './load-balancer.ts';
import { memo } from './memo.ts';

/** What a public address of this fabric belongs to. */
export type PublicTarget =
  | { readonly kind: 'frontend'; readonly lb: LoadBalancer; readonly frontend: Frontend }
  | { readonly kind: 'instance'; readonly nic: string; readonly addr: Ipv4 }
  | { readonly kind: 'natGateway'; readonly gateway: NatGateway | null };

const compile = memo((nics: Nic[], lbs: LoadBalancer[], natGateways: NatGateway[], defaultOutbound: Ipv4): Map<number, PublicTarget> => {
  const targets = new Map<number, PublicTarget>();
  targets.set(defaultOutbound, { kind: 'natGateway', gateway: null });
  for (const gateway of natGateways) {
    for (const addr of gateway.publicIps) targets.set(addr, { kind: 'natGateway', gateway });
  }
  for (const nic of nics) {
    for (const { addr, publicIp } of nic.ipconfigs) {
      if (publicIp !== null) targets.set(publicIp, { kind: 'instance', nic: nic.name, addr });
    }
  }
  for (const lb of lbs) {
    if (lb.internal) continue;
    for (const frontend of lb.frontends) targets.set(frontend.addr, { kind: 'frontend', lb, frontend });
  }
  return targets;
});

/** All public addresses of a fabric. */
export function publicAddresses(fabric: Fabric): ReadonlyMap<number, PublicTarget> {
  return compile(fabric.nics, fabric.loadBalancers, fabric.natGateways, fabric.defaultOutboundIp);
}
