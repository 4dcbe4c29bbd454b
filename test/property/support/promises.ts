import type { Facts, Party, ServiceFacts } from './facts.ts';

/** Whom a flow is sent to. */
export type Target =
  | { readonly kind: 'party'; readonly party: Party; readonly port: number | null }
  | { readonly kind: 'service'; readonly service: ServiceFacts; readonly face: Face }
  | { readonly kind: 'host-port'; readonly at: Facts['hostPorts'][number] }
  | { readonly kind: 'platform'; readonly addr: string; readonly port: number };

export type Face = { readonly kind: 'cluster' | 'lb' | 'external' } | { readonly kind: 'node'; readonly node: string };

/** One way that a flow may end. */
export interface Ending {
  /** `ADDRESS:PORT`, or the bare address for ICMP: who takes the packet, or would have, had it not been lost behind the translation. */
  readonly backend: string;
  /** The source that the receiver sees; null where nothing is promised. */
  readonly seen: string | null;
  /** Why this way leads nowhere although the request was sent on. */
  readonly lost?: string;
}

/**
 * What must become of a flow: the set of its endings over all branches, or how it fails. `unanswered`: whatever becomes of it, nobody
 * takes it, and an ICMP error about it that crosses the load balancer is openly unknown.
 */
export type Promised =
  { readonly kind: 'endings'; readonly endings: readonly Ending[] } | { readonly kind: 'refused' | 'lost' | 'unanswered' };

const LOST: Promised = { kind: 'lost' };
/** Refused, except that the answer need not find its way back to a client outside of the cluster. */
const REFUSED: Promised = { kind: 'refused' };
const UNANSWERED: Promised = { kind: 'unanswered' };
const FOREIGN_SOURCE = 'F21: the packet leaves a node with a source that is not its own';
const HAIRPIN = 'F45: a promiscuous bridge resets conntrack, so that the hairpin copy is INVALID';

/**
 * What the documents promise of a flow, by nothing but the address plan and the cluster objects.
 * @returns null where they promise nothing
 * @source the source-address matrix of the AKS network modes; kube-proxy's rules for policies and masquerading
 */
export function promiseOf(facts: Facts, client: Party, target: Target): Promised | null {
  switch (target.kind) {
    case 'party':
      return toParty(facts, client, target.party, target.port);
    case 'service':
      return toService(facts, client, target.service, target.face);
    case 'host-port':
      return toHostPort(facts, client, target.at);
    case 'platform':
      return toPlatform(facts, client, target);
  }
}

function inside(party: Party): boolean {
  return party.node !== null;
}

function at(addr: string, port: number | null): string {
  return port === null ? addr : `${addr}:${port}`;
}

function one(addr: string, port: number | null, seen: string | null): Promised {
  return { kind: 'endings', endings: [{ backend: at(addr, port), seen }] };
}

function toParty(facts: Facts, client: Party, party: Party, port: number | null): Promised | null {
  if (inside(client)) {
    if (inside(party)) return one(party.addr, port, plainSource(facts, client, party));
    return party.where === 'beyond' ? LOST : one(party.addr, port, outsideSees(facts, client, party));
  }
  if (client.kind === 'internet' || party.kind === 'internet') return client.kind === 'internet' && inside(party) ? LOST : null;
  if (inside(party)) return reaches(facts, client, party) ? one(party.addr, port, client.addr) : LOST;
  return betweenOutsiders(client, party, port);
}

/** Peering is symmetric and not transitive. */
function betweenOutsiders(client: Party, party: Party, port: number | null): Promised | null {
  const [a, b] = [network(client), network(party)];
  if (a === null || b === null) return null;
  return a === b || a === 'peer' || b === 'peer' ? one(party.addr, port, client.addr) : LOST;
}

function network({ where }: Party): 'cluster' | 'peer' | 'beyond' | null {
  if (where === null) return null;
  return where === 'peer' || where === 'beyond' ? where : 'cluster';
}

/** Whether a host outside of the cluster gets a packet to a node or, by its own address, to a pod. */
function reaches({ mode }: Facts, client: Party, party: Party): boolean {
  if (client.where === 'beyond') return false;
  if (party.kind === 'node' || mode === 'azure') return true;
  // In kubenet the nodes' subnet has the route table that leads to the pods.
  return mode === 'kubenet' && client.where === 'near';
}

/** Who a host outside of the cluster takes a pod or a node for. */
function outsideSees(facts: Facts, client: Party, party: Party): string | null {
  if (party.kind === 'internet') return null;
  if (client.kind === 'node') return client.addr;
  const sameNetwork = party.where === 'near' || party.where === 'far';
  return facts.mode === 'azure' && sameNetwork ? client.addr : facts.nodeAddr(client.node ?? '');
}

/** The source without kube-proxy's masquerading: what ip-masq-agent and the choice of a local address leave. */
function plainSource(facts: Facts, client: Party, backend: Party): string {
  const { node } = client;
  if (node === null) return client.addr;
  if (client.kind === 'node') return backend.kind === 'pod' && backend.node === node ? facts.nodeSide(node) : client.addr;
  if (backend.kind === 'pod' || backend.node === node || facts.mode === 'azure') return client.addr;
  return facts.nodeAddr(node);
}

/** The source where kube-proxy on node `entry` masquerades what arrived from `source`. */
function maskedSource(facts: Facts, entry: string, source: string, backend: Party): string {
  if (backend.node !== entry) return facts.nodeAddr(entry);
  // What stays on the node itself never passes POSTROUTING.
  return backend.kind === 'pod' ? facts.nodeSide(entry) : source;
}

function endings(list: readonly Party[], service: ServiceFacts, end: (backend: Party) => Omit<Ending, 'backend'>): Promised {
  return { kind: 'endings', endings: list.map((backend) => ({ backend: at(backend.addr, service.targetPort), ...end(backend) })) };
}

function local(service: ServiceFacts, node: string): readonly Party[] {
  return service.endpoints.filter((endpoint) => endpoint.node === node);
}

function toService(facts: Facts, client: Party, service: ServiceFacts, face: Face): Promised | null {
  switch (face.kind) {
    case 'cluster':
      return client.node === null ? LOST : toClusterIp(facts, client, client.node, service);
    case 'external':
      return client.node === null ? null : toExternalAddress(facts, client, client.node, service);
    case 'lb':
      if (client.node === null) return throughBalancer(facts, client, service);
      return allowedBySourceRanges(service, client.addr) || service.endpoints.length === 0
        ? toExternalAddress(facts, client, client.node, service)
        : LOST;
    case 'node':
      return toNodePort(facts, client, service, face.node);
  }
}

function toClusterIp(facts: Facts, client: Party, node: string, service: ServiceFacts): Promised {
  const isLocal = service.service.internalTrafficPolicy === 'Local';
  if (service.endpoints.length === 0) return REFUSED;
  const list = isLocal ? local(service, node) : service.endpoints;
  if (list.length === 0) return LOST;
  return endings(list, service, (backend) => asPod(facts, client, node, backend));
}

/** Without masquerading, as kube-proxy treats the cluster's own pods; a node is masqueraded and so is a pod that meets itself. */
function asPod(facts: Facts, client: Party, node: string, backend: Party): Omit<Ending, 'backend'> {
  if (isSelf(client, backend)) return selfEnding(facts, node);
  return { seen: plainSource(facts, client, backend) };
}

function isSelf(client: Party, backend: Party): boolean {
  return client.kind === 'pod' && client.name === backend.name;
}

function selfEnding(facts: Facts, node: string): Omit<Ending, 'backend'> {
  const seen = facts.nodeSide(node);
  return facts.mode === 'kubenet' && facts.brPromiscConntrack === 'fixed' ? { seen, lost: HAIRPIN } : { seen };
}

/** What has no endpoint is refused in INPUT and FORWARD, not in OUTPUT: from the node itself it goes out, and nobody is there. */
function toExternalAddress(facts: Facts, client: Party, node: string, service: ServiceFacts): Promised {
  if (service.endpoints.length === 0 && client.kind === 'node') return UNANSWERED;
  return shortCircuit(facts, client, node, service);
}

/** External addresses from a pod or a node: kube-proxy there takes them for its own. */
function shortCircuit(facts: Facts, client: Party, node: string, service: ServiceFacts): Promised {
  if (service.endpoints.length === 0) return REFUSED;
  const isLocal = service.service.externalTrafficPolicy === 'Local';
  return endings(service.endpoints, service, (backend) => {
    if (isLocal) return asPod(facts, client, node, backend);
    return isSelf(client, backend) ? selfEnding(facts, node) : { seen: maskedSource(facts, node, client.addr, backend) };
  });
}

function toNodePort(facts: Facts, client: Party, service: ServiceFacts, entry: string): Promised | null {
  if (client.node === entry) return shortCircuit(facts, client, entry, service);
  if (client.kind === 'internet' || client.where === 'beyond') return LOST;
  const leaving = client.node === null ? client.addr : plainSource(facts, client, { ...client, kind: 'node', node: entry });
  return atEntry(facts, leaving, service, entry);
}

/** What the node that a packet from elsewhere enters by does with it. @param source the address that it arrives from */
function atEntry(facts: Facts, source: string, service: ServiceFacts, entry: string): Promised {
  if (service.endpoints.length === 0) return REFUSED;
  if (service.service.externalTrafficPolicy === 'Cluster') {
    return endings(service.endpoints, service, (backend) => ({ seen: maskedSource(facts, entry, source, backend) }));
  }
  if (facts.inClusterCidr(source)) {
    // Taken for a pod of the cluster: any endpoint, without masquerading unless it meets itself.
    return endings(service.endpoints, service, (backend) => {
      if (backend.addr === source) return { seen: facts.nodeAddr(entry) };
      return { seen: source, ...(backend.node === entry ? {} : { lost: FOREIGN_SOURCE }) };
    });
  }
  const list = local(service, entry);
  return list.length === 0 ? LOST : endings(list, service, () => ({ seen: source }));
}

/** From outside through the Azure load balancer: any node whose probe answers. */
function throughBalancer(facts: Facts, client: Party, service: ServiceFacts): Promised | null {
  const isInternal = service.service.annotations['service.beta.kubernetes.io/azure-load-balancer-internal'] === 'true';
  if (client.kind !== 'internet' && !isInternal) return null;
  if (client.kind === 'internet' && isInternal) return LOST;
  if (client.where === 'beyond') return LOST;
  if (!allowedBySourceRanges(service, client.addr)) return LOST;
  // Without a probe, which UDP has none of, nodes without any endpoint get packets all the same.
  if (service.endpoints.length === 0) return service.proto === 'udp' ? UNANSWERED : LOST;
  const isLocal = service.service.externalTrafficPolicy === 'Local';
  const entries = facts.nodes.flatMap(({ node }) => (node === null || (isLocal && local(service, node).length === 0) ? [] : [node]));
  if (entries.length === 0) return LOST;
  const all = entries.map((entry) => atEntry(facts, client.addr, service, entry));
  return { kind: 'endings', endings: all.flatMap((promised) => (promised.kind === 'endings' ? promised.endings : [])) };
}

function allowedBySourceRanges({ service }: ServiceFacts, source: string): boolean {
  return service.loadBalancerSourceRanges.length === 0 || source.startsWith('203.0.113.');
}

function toHostPort(facts: Facts, client: Party, { node, pod, port }: Facts['hostPorts'][number]): Promised | null {
  if (client.kind === 'internet' || client.where === 'beyond') return LOST;
  const isSame = isSelf(client, pod) && client.node === node.node;
  const lost = isSame && facts.mode === 'kubenet' && facts.brPromiscConntrack === 'fixed' ? { lost: HAIRPIN } : {};
  return { kind: 'endings', endings: [{ backend: at(pod.addr, port), seen: null, ...lost }] };
}

/** IMDS and Azure DNS see the node; WireServer is closed to pods. */
function toPlatform(facts: Facts, client: Party, { addr, port }: { readonly addr: string; readonly port: number }): Promised | null {
  if (client.node === null) return null;
  if (client.kind === 'pod' && addr === '168.63.129.16' && port !== 53) return LOST;
  return one(addr, port, facts.nodeAddr(client.node));
}
