import type { Ipv4 } from '../wire/ipv4.ts';
import type { SubnetId } from './subnet-id.ts';

/** A Standard load balancer, public or internal. */
export interface LoadBalancer {
  readonly name: string;
  readonly internal: boolean;
  frontends: Frontend[];
  pools: BackendPool[];
  rules: LbRule[];
  inboundNatRules: InboundNatRule[];
  probes: Probe[];
  outboundRules: OutboundRule[];
}

export interface Frontend {
  readonly name: string;
  readonly addr: Ipv4;
  /** Where an internal frontend lives; null for a public one. */
  readonly subnet: SubnetId | null;
}

/** Membership is by NIC ipconfig. `up` and `down` are set by the administrator and win over the probe. */
export interface PoolMember {
  readonly nic: string;
  readonly ipconfig: string;
  adminState: 'none' | 'up' | 'down';
}

export interface BackendPool {
  readonly name: string;
  members: PoolMember[];
}

export type LbProtocol = 'tcp' | 'udp' | 'all';

/** `default`: 5-tuple; `sourceIp`: 2-tuple; `sourceIpProtocol`: 3-tuple. */
export type Distribution = 'default' | 'sourceIp' | 'sourceIpProtocol';

export interface LbRule {
  readonly name: string;
  readonly frontend: string;
  readonly pool: string;
  readonly protocol: LbProtocol;
  /** 0 with protocol `all`: HA ports. */
  readonly frontendPort: number;
  readonly backendPort: number;
  /** On: the packet keeps the frontend as its destination. */
  readonly floatingIp: boolean;
  readonly distribution: Distribution;
  /** A probe's name; null: always healthy. */
  readonly probe: string | null;
  readonly idleMinutes: number;
  readonly tcpReset: boolean;
  /** On: backends of this rule get no outbound connections from it. */
  readonly disableOutboundSnat: boolean;
}

/** One frontend port for one ipconfig. */
export interface InboundNatRule {
  readonly name: string;
  readonly frontend: string;
  readonly protocol: LbProtocol;
  readonly frontendPort: number;
  readonly backendPort: number;
  readonly nic: string;
  readonly ipconfig: string;
  readonly floatingIp: boolean;
  readonly idleMinutes: number;
}

export interface Probe {
  readonly name: string;
  readonly protocol: 'tcp' | 'http' | 'https';
  readonly port: number;
  /** For http and https; only status 200 is healthy. */
  readonly path: string | null;
  readonly intervalSeconds: number;
  readonly threshold: number;
}

export interface OutboundRule {
  readonly name: string;
  readonly frontends: string[];
  readonly pool: string;
  readonly protocol: LbProtocol;
  /** SNAT ports for each member; 0: by pool size. */
  readonly allocatedPorts: number;
  readonly idleMinutes: number;
  readonly tcpReset: boolean;
}
