/** What no document states, as switches. Each default is the reading that agrees with everything observed. */
export interface FabricAssumptions {
  /** How far the fabric itself lowers the TTL on a traversal. */
  ttlDecrement: 0 | 1;
  /** 168.63.129.16 and 169.254.169.254 are answered by the host whatever the route table says. */
  platformIgnoresUdr: boolean;
  /** The platform addresses answer only sources that are the NIC's own; others hang. */
  platformAnswersOwnAddressesOnly: boolean;
  /** Packets inside an overlay domain match the VirtualNetwork tag, so that the default NSG rules pass them. */
  overlayInVirtualNetworkTag: boolean;
  /** Rows of the address map count as the NIC's own addresses in the source and destination check. */
  caRowsAreOwnAddresses: boolean;
  /** A pod-subnet address leaves through the SNAT ports of its node's primary ipconfig. */
  caRowsUseNodeSnatPorts: boolean;
  /** The MSS also shrinks on traversals from and to hosts outside. */
  mssDeltaOutside: boolean;
  /** A Standard public address takes nothing in unless an NSG is there to allow it. */
  publicIpNeedsNsg: boolean;
  /** ICMP errors about a flow that an NSG admitted pass without a rule of their own. */
  icmpErrorsFollowFlow: boolean;
  /** After this silence the NSG's memory of a connection is gone and rules decide anew. */
  nsgFlowIdleMs: number;
}

export const DEFAULT_ASSUMPTIONS: Readonly<FabricAssumptions> = Object.freeze({
  ttlDecrement: 0,
  platformIgnoresUdr: true,
  platformAnswersOwnAddressesOnly: true,
  overlayInVirtualNetworkTag: true,
  caRowsAreOwnAddresses: true,
  caRowsUseNodeSnatPorts: true,
  mssDeltaOutside: true,
  publicIpNeedsNsg: true,
  icmpErrorsFollowFlow: true,
  nsgFlowIdleMs: 4 * 60_000,
});
