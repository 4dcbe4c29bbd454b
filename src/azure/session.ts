import type { Ipv4 } from '../wire/ipv4.ts';
import { type FlowTable, cloneFlowTable, newFlowTable } from './flow-table.ts';

/** A connection that a load balancer sent to one backend. */
export interface LbFlow {
  readonly nic: string;
  readonly ipconfig: string;
  readonly frontend: Ipv4;
  readonly frontendPort: number;
  readonly client: Ipv4;
  readonly clientPort: number;
  readonly proto: number;
  /** The packet kept the frontend as its destination. */
  readonly floating: boolean;
  readonly idleMs: number;
  readonly tcpReset: boolean;
  seenMs: number;
}

/** One SNAT binding: an inside connection and the public address and port that stand for it. */
export interface SnatFlow {
  /** Its index in `snatRecords`. */
  readonly id: number;
  /** `LB/…` or `NATGW/…`, see `snat.ts`. */
  readonly owner: string;
  readonly nic: string;
  readonly src: Ipv4;
  readonly sport: number;
  readonly dst: Ipv4;
  /** The remote ports: one for TCP; for UDP those that the inside socket wrote to, and may hear from. */
  readonly dports: number[];
  readonly proto: number;
  readonly publicIp: Ipv4;
  readonly publicPort: number;
  /** Its place among the ports of the node; a smaller allocation takes it away. */
  readonly offset: number;
  readonly idleMs: number;
  /** The sender of a late packet gets a RST. */
  readonly tcpReset: boolean;
  /** How long the port rests after the connection was closed by FIN, or by RST. */
  readonly finHoldMs: number;
  readonly rstHoldMs: number;
  /** Until when the port is held. */
  expiresAtMs: number;
  /** Bit 0: a FIN went out; bit 1: a FIN came in; 4: closed. */
  closing: number;
}

/**
 * The fabric's flow state, apart from its tables: connections admitted by NSGs and load balancers, SNAT ports, what probes found.
 * Plain and mutable; {@link cloneFabricSession} copies it.
 */
export interface FabricSession {
  /** Seeds the load balancer's hash. */
  hashSeed: number;
  /** Small numbers for names in flow keys, in order of first use. */
  ids: Map<string, number>;
  /** Per NIC: connections that its NSGs admitted. */
  nicFlows: FlowTable;
  /** Entries of `nicFlows` by NIC id. */
  nicFlowCounts: number[];
  /** Ports of first fragments, for the later ones: by source, destination, protocol and identification. */
  fragments: Map<string, { readonly sport: number; readonly dport: number }>;
  lbFlows: FlowTable;
  lbRecords: LbFlow[];
  /** Inside tuple to binding. */
  snatOut: FlowTable;
  /** Public tuple to binding. */
  snatIn: FlowTable;
  /** UDP: the latest binding of an inside socket, which keeps its public port towards other addresses. */
  snatCone: FlowTable;
  /** A freed place is null and is used again. */
  snatRecords: (SnatFlow | null)[];
  snatFree: number[];
  /** Connections to services by service endpoint or private endpoint: the calling NIC. */
  endpointFlows: Map<string, string>;
  /** Where a NAT gateway looks for its next port. */
  natCursors: Map<string, number>;
  /** Load balancer → probe → NICs that fail it. A backend that was never probed is healthy. */
  unhealthy: Map<string, Map<string, Set<string>>>;
}

/** A session in which nothing has happened yet. */
export function createFabricSession(hashSeed = 0): FabricSession {
  return {
    hashSeed,
    ids: new Map(),
    nicFlows: newFlowTable(),
    nicFlowCounts: [],
    fragments: new Map(),
    lbFlows: newFlowTable(),
    lbRecords: [],
    snatOut: newFlowTable(),
    snatIn: newFlowTable(),
    snatCone: newFlowTable(),
    snatRecords: [],
    snatFree: [],
    endpointFlows: new Map(),
    natCursors: new Map(),
    unhealthy: new Map(),
  };
}

/** An independent copy: what one branch of a walk does is not seen by another. */
export function cloneFabricSession(session: FabricSession): FabricSession {
  return {
    hashSeed: session.hashSeed,
    ids: new Map(session.ids),
    nicFlows: cloneFlowTable(session.nicFlows),
    nicFlowCounts: [...session.nicFlowCounts],
    fragments: new Map(session.fragments),
    lbFlows: cloneFlowTable(session.lbFlows),
    lbRecords: session.lbRecords.map((flow) => ({ ...flow })),
    snatOut: cloneFlowTable(session.snatOut),
    snatIn: cloneFlowTable(session.snatIn),
    snatCone: cloneFlowTable(session.snatCone),
    snatRecords: session.snatRecords.map((flow) => (flow === null ? null : { ...flow, dports: [...flow.dports] })),
    snatFree: [...session.snatFree],
    endpointFlows: new Map(session.endpointFlows),
    natCursors: new Map(session.natCursors),
    unhealthy: new Map(
      [...session.unhealthy].map(([lb, probes]) => [lb, new Map([...probes].map(([probe, nics]) => [probe, new Set(nics)]))]),
    ),
  };
}

/** The small number that stands for a name in flow keys. */
export function idOf(session: FabricSession, name: string): number {
  const known = session.ids.get(name);
  if (known !== undefined) return known;
  const id = session.ids.size + 1;
  session.ids.set(name, id);
  return id;
}

/** Records what a health probe found at a backend. Only new connections are affected. */
export function setProbeResult(session: FabricSession, lb: string, probe: string, nic: string, healthy: boolean): void {
  let probes = session.unhealthy.get(lb);
  if (probes === undefined) {
    probes = new Map<string, Set<string>>();
    session.unhealthy.set(lb, probes);
  }
  let down = probes.get(probe);
  if (down === undefined) {
    down = new Set<string>();
    probes.set(probe, down);
  }
  if (healthy) down.delete(nic);
  else down.add(nic);
}

/** Whether a backend passed its last probe; one that was never probed has. */
export function isProbeHealthy(session: FabricSession, lb: string, probe: string, nic: string): boolean {
  return session.unhealthy.get(lb)?.get(probe)?.has(nic) !== true;
}

/** Whether no backend fails a probe, the usual case. */
export function allPass(session: FabricSession, lb: string, probe: string | null): boolean {
  return probe === null || (session.unhealthy.get(lb)?.get(probe)?.size ?? 0) === 0;
}
