import { contains, parsePrefix } from '../../../src/wire/prefix.ts';
import { ip } from '../../../src/wire/ipv4.ts';

/** A service of one port, as an author thinks of it. */
export interface PlainService {
  readonly proto: 'tcp' | 'udp';
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort: number | null;
  readonly externalIPs: readonly string[];
  readonly vips: readonly string[];
  readonly sourceRanges: readonly string[];
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  readonly endpoints: readonly PlainEndpoint[];
}

export interface PlainEndpoint {
  readonly addr: string;
  readonly port: number;
  readonly onNode: boolean;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** The node and the settings that matter to what a packet meets. */
export interface PlainNode {
  readonly addresses: readonly string[];
  /** Null: kube-proxy can not tell pods from others. */
  readonly clusterCidr: string | null;
  readonly masqueradeAll: boolean;
  readonly localhostNodePorts: boolean;
  /** Ranges of addresses on which node ports are open; empty: on all. */
  readonly nodePortRanges: readonly string[];
}

export interface PlainPacket {
  readonly source: string;
  readonly proto: 'tcp' | 'udp';
  readonly dst: string;
  readonly port: number;
}

/** What kube-proxy promises of a new connection: the endpoints that it may go to, each as likely as the others, or how it ends. */
export interface PlainPromise {
  readonly verdict: 'DNAT' | 'NONE' | 'DROP' | 'REJECT';
  /** `ADDRESS:PORT` with whether the connection to it is masqueraded. */
  readonly endpoints: ReadonlyMap<string, boolean>;
}

const NONE: PlainPromise = { verdict: 'NONE', endpoints: new Map() };
const DROP: PlainPromise = { verdict: 'DROP', endpoints: new Map() };
const REJECT: PlainPromise = { verdict: 'REJECT', endpoints: new Map() };

function inRange(range: string, addr: string): boolean {
  const prefix = parsePrefix(range);
  return prefix !== null && contains(prefix, ip(addr));
}

/**
 * What becomes of a packet, read from the documents: traffic policies, source ranges, masquerading. It knows no chain and no rule.
 * @source Kubernetes documentation of virtual IPs and of traffic policies; the rendering order of proxier.go decides between them
 */
export function kubeProxyPromise(services: readonly PlainService[], node: PlainNode, packet: PlainPacket): PlainPromise {
  const { dst, port, proto, source } = packet;
  const asked = services.filter((service) => service.proto === proto);
  const isProcess = source === '127.0.0.1' || node.addresses.includes(source);
  const isPod = node.clusterCidr !== null && inRange(node.clusterCidr, source);

  const byClusterIp = asked.find((service) => service.clusterIP === dst && service.port === port);
  if (byClusterIp !== undefined) {
    const masquerades = node.masqueradeAll || (node.clusterCidr !== null && !isPod);
    const usable = usableOf(byClusterIp.endpoints);
    if (usable.length === 0) return REJECT;
    const list = byClusterIp.internalLocal ? usableOf(byClusterIp.endpoints.filter(({ onNode }) => onNode)) : usable;
    return list.length === 0 ? DROP : spread(list, source, masquerades);
  }

  const byExternal = asked.find((service) => service.port === port && (service.externalIPs.includes(dst) || service.vips.includes(dst)));
  if (byExternal !== undefined) {
    const isVip = byExternal.vips.includes(dst);
    const isFiltered = isVip && byExternal.sourceRanges.length > 0 && usableOf(byExternal.endpoints).length > 0;
    if (isFiltered && !byExternal.sourceRanges.some((range) => inRange(range, source))) return DROP;
    return fromOutside(byExternal, { source, isProcess, isPod, isRefusable: !isProcess || node.addresses.includes(dst) });
  }

  const byNodePort = asked.find((service) => service.nodePort === port);
  const isLocal = dst === '127.0.0.1' || node.addresses.includes(dst);
  if (byNodePort === undefined || !isLocal) return NONE;
  if (isNodePortAddress(node, dst)) return fromOutside(byNodePort, { source, isProcess, isPod, isRefusable: true });
  // A node port that is not open on this address is refused there all the same when nobody is behind it.
  return noWay(byNodePort) ?? NONE;
}

/** Ready endpoints, or where there are none those that still serve while they terminate. */
function usableOf(endpoints: readonly PlainEndpoint[]): readonly PlainEndpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : endpoints.filter(({ serving, terminating }) => serving && terminating);
}

function spread(list: readonly PlainEndpoint[], source: string, masquerades: boolean): PlainPromise {
  // An endpoint that is sent back to itself is masqueraded, or it would meet its own address.
  return { verdict: 'DNAT', endpoints: new Map(list.map(({ addr, port }) => [`${addr}:${port}`, masquerades || addr === source])) };
}

/** How a service that has nobody to go to is refused from outside. */
function noWay({ endpoints, externalLocal }: PlainService): PlainPromise | null {
  if (usableOf(endpoints).length === 0) return REJECT;
  return externalLocal && usableOf(endpoints.filter(({ onNode }) => onNode)).length === 0 ? DROP : null;
}

interface Sender {
  readonly source: string;
  /** A process of the node itself. */
  readonly isProcess: boolean;
  readonly isPod: boolean;
  /** Packets of the node's own processes are refused only where they come in again: towards its own addresses. */
  readonly isRefusable: boolean;
}

function fromOutside(service: PlainService, { source, isProcess, isPod, isRefusable }: Sender): PlainPromise {
  const usable = usableOf(service.endpoints);
  if (usable.length === 0) return isRefusable ? REJECT : NONE;
  if (!service.externalLocal) return spread(usable, source, true);
  // Within the cluster the policy is short-circuited: pods keep their address, the node's processes are masqueraded.
  if (isPod) return spread(usable, source, false);
  if (isProcess) return spread(usable, source, true);
  const local = usableOf(service.endpoints.filter(({ onNode }) => onNode));
  return local.length === 0 ? DROP : spread(local, source, false);
}

/** @param dst an address of the node */
function isNodePortAddress(node: PlainNode, dst: string): boolean {
  if (dst === '127.0.0.1' && !node.localhostNodePorts) return false;
  return node.nodePortRanges.length === 0 || node.nodePortRanges.some((range) => inRange(range, dst));
}
