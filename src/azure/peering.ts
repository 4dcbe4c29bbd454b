import type { Fabric, Gateway, Peering } from './fabric.ts';

/** One VNet's half of the peering with another; null without one. */
export function peeringHalf(fabric: Fabric, vnet: string, remote: string): Peering | null {
  return fabric.peerings.find((half) => half.vnet === vnet && half.remote === remote) ?? null;
}

/** Both halves exist and are Connected: the ranges of each appear in the routes of the other. Not transitive. */
export function isPeered(fabric: Fabric, a: string, b: string): boolean {
  return peeringHalf(fabric, a, b)?.state === 'Connected' && peeringHalf(fabric, b, a)?.state === 'Connected';
}

/** Both halves allow access; either half off stops the traffic both ways. */
export function allowsAccess(fabric: Fabric, a: string, b: string): boolean {
  return peeringHalf(fabric, a, b)?.allowVirtualNetworkAccess === true && peeringHalf(fabric, b, a)?.allowVirtualNetworkAccess === true;
}

/** The VNets that a VNet is connected to, in the order of its peerings. */
export function peersOf(fabric: Fabric, vnet: string): string[] {
  return fabric.peerings.filter((half) => half.vnet === vnet && isPeered(fabric, vnet, half.remote)).map((half) => half.remote);
}

/** A hub lends its gateway to a spoke: `allowGatewayTransit` there, `useRemoteGateways` here. */
export function lendsGateway(fabric: Fabric, hub: string, spoke: string): boolean {
  return (
    isPeered(fabric, hub, spoke) &&
    peeringHalf(fabric, hub, spoke)?.allowGatewayTransit === true &&
    peeringHalf(fabric, spoke, hub)?.useRemoteGateways === true
  );
}

/** The gateways that a VNet's routes may lead to: its own, and those of hubs that lend theirs. */
export function gatewaysOf(fabric: Fabric, vnet: string): Gateway[] {
  return fabric.gateways.filter((gateway) => gateway.vnet === vnet || lendsGateway(fabric, gateway.vnet, vnet));
}
