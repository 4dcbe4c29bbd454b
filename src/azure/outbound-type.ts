/** How an AKS cluster reaches the internet. @source egress-outboundtype */
export type OutboundType = 'loadBalancer' | 'managedNATGateway' | 'userAssignedNATGateway' | 'userDefinedRouting' | 'none' | 'block';

/** What exists in the fabric for an outbound type, and what the cluster's owner must bring. */
export interface OutboundSetup {
  /** A public address with an outbound rule over all nodes. */
  readonly outboundRule: boolean;
  readonly natGateway: 'managed' | 'user' | null;
  /** A route 0.0.0.0/0 whose next hop is not Internet must exist. */
  readonly needsDefaultRoute: boolean;
  /** NSG rules deny the internet; traffic inside the VNet is untouched. */
  readonly deniesInternet: boolean;
  /** Which VNet it is for. */
  readonly vnet: 'any' | 'managed' | 'own';
}

const NOTHING: OutboundSetup = { outboundRule: false, natGateway: null, needsDefaultRoute: false, deniesInternet: false, vnet: 'any' };

export const OUTBOUND_TYPES: Readonly<Record<OutboundType, OutboundSetup>> = {
  loadBalancer: { ...NOTHING, outboundRule: true },
  managedNATGateway: { ...NOTHING, natGateway: 'managed', vnet: 'managed' },
  userAssignedNATGateway: { ...NOTHING, natGateway: 'user', vnet: 'own' },
  userDefinedRouting: { ...NOTHING, needsDefaultRoute: true, vnet: 'own' },
  none: NOTHING,
  block: { ...NOTHING, deniesInternet: true, vnet: 'managed' },
};
