import { type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';

/** Which of a service's addresses is meant; `auto`: the ClusterIP from inside of the cluster, the load balancer's from outside. */
export type ServiceFace = { readonly kind: 'auto' | 'cluster' | 'lb' | 'external' } | { readonly kind: 'node'; readonly node: string };

interface Port {
  readonly port: number | null;
}

export interface PodEndpoint extends Port {
  readonly kind: 'pod';
  readonly namespace: string;
  readonly name: string;
}

/** The first pod of a workload. */
export interface WorkloadEndpoint extends Port {
  readonly kind: 'workload';
  readonly workload: string;
  readonly namespace: string;
  readonly name: string;
}

export interface ServiceEndpoint {
  readonly kind: 'svc';
  readonly namespace: string;
  readonly name: string;
  /** A number, the name of one of its ports, or `null` for its only one. */
  readonly port: number | string | null;
  readonly face: ServiceFace;
}

export interface NodeEndpoint extends Port {
  readonly kind: 'node';
  readonly name: string;
}

export interface VmEndpoint extends Port {
  readonly kind: 'vm';
  readonly name: string;
}

/** A host that the fabric reaches outside of the virtual networks; `name` null is the one called internet. */
export interface ExternalEndpoint extends Port {
  readonly kind: 'internet' | 'onprem';
  readonly name: string | null;
}

export interface NetnsEndpoint extends Port {
  readonly kind: 'netns';
  readonly machine: string;
  readonly netns: string;
}

export interface LinkEndpoint {
  readonly kind: 'link';
  readonly machine: string;
  readonly netns: string;
  readonly dev: string;
}

export interface AddressEndpoint extends Port {
  readonly kind: 'address';
  readonly addr: Ipv4;
}

/** An endpoint as somebody writes it. */
export type Endpoint =
  | PodEndpoint
  | WorkloadEndpoint
  | ServiceEndpoint
  | NodeEndpoint
  | VmEndpoint
  | ExternalEndpoint
  | NetnsEndpoint
  | LinkEndpoint
  | AddressEndpoint;

/** What is wrong with the text of an endpoint, or with what it names. */
export interface EndpointProblem {
  readonly message: string;
  readonly expected: string;
}

const GRAMMAR =
  'pod/NAMESPACE/NAME, svc/NAMESPACE/NAME:PORT, node/NAME, vm/NAME, onprem/NAME, netns/MACHINE/NAME, internet or an IPv4 address';
const WORKLOADS: ReadonlyMap<string, string> = new Map([
  ['deploy', 'Deployment'],
  ['rs', 'ReplicaSet'],
  ['sts', 'StatefulSet'],
  ['ds', 'DaemonSet'],
]);

/**
 * Reads an endpoint: `pod/NAMESPACE/NAME` (or `NAMESPACE/NAME`), `deploy/NAMESPACE/NAME` (its first pod; also `rs`, `sts`, `ds`),
 * `svc/NAMESPACE/NAME:PORT` with `@cluster`, `@lb`, `@external` or `@node/NODE`, `node/NAME`, `vm/NAME`, `onprem/NAME`,
 * `netns/MACHINE/NAME`, `link/MACHINE/NETNS/DEV`, `internet` (or `internet/NAME`), or an IPv4 address; `:PORT` where it applies.
 */
export function parseEndpoint(text: string): Endpoint | EndpointProblem {
  if (text.startsWith('link/')) return parseLink(text);
  if (text.includes('::') || text.split(':').length > 2) return problem('IPv6 is not modelled', 'an IPv4 address');
  const [head, face] = cut(text, '@');
  const [name, portText] = cut(head, ':');
  if (name.startsWith('svc/')) return parseService(name, portText, face);
  if (face !== undefined) return problem('only a service has several addresses', `no @${face}`);
  const port = portText === undefined ? null : parsePort(portText);
  if (port === 'bad') return problem(`"${portText ?? ''}" is not a port`, 'a number from 1 to 65535');
  return parseHost(name, port);
}

/** Whether reading an endpoint or finding it failed. */
export function isProblem(value: object): value is EndpointProblem {
  return 'message' in value;
}

/** Why an endpoint can not be read or found. */
export function problem(message: string, expected: string): EndpointProblem {
  return { message, expected };
}

function cut(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function parsePort(text: string): number | 'bad' {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : 'bad';
}

function parseHost(text: string, port: number | null): Endpoint | EndpointProblem {
  const parts = text.split('/');
  const [kind = '', second = '', third = ''] = parts;
  if (parts.some((part) => part === '')) return problem(`"${text}" is not an endpoint`, GRAMMAR);
  const workload = WORKLOADS.get(kind);
  if (parts.length === 1) {
    if (kind === 'internet') return { kind, name: null, port };
    const addr = parseIpv4(kind);
    return addr === null ? problem(`"${text}" is not an endpoint`, GRAMMAR) : { kind: 'address', addr, port };
  }
  if (parts.length === 2) {
    if (kind === 'node') return { kind, name: second, port };
    if (kind === 'vm') return { kind, name: second, port };
    if (kind === 'onprem' || kind === 'internet') return { kind, name: second, port };
    return { kind: 'pod', namespace: kind, name: second, port };
  }
  if (parts.length > 3) return problem(`"${text}" is not an endpoint`, GRAMMAR);
  if (kind === 'pod') return { kind, namespace: second, name: third, port };
  if (kind === 'netns') return { kind, machine: second, netns: third, port };
  if (workload !== undefined) return { kind: 'workload', workload, namespace: second, name: third, port };
  return problem(`"${text}" is not an endpoint`, GRAMMAR);
}

function parseService(text: string, portText: string | undefined, faceText: string | undefined): Endpoint | EndpointProblem {
  const [, namespace = '', name = '', ...more] = text.split('/');
  if (namespace === '' || name === '' || more.length > 0) return problem(`"${text}" is not a service`, 'svc/NAMESPACE/NAME:PORT');
  const face = parseFace(faceText);
  if (face === null) return problem(`"@${faceText ?? ''}" is not an address of a service`, '@cluster, @lb, @external or @node/NODE');
  if (portText === undefined) return { kind: 'svc', namespace, name, port: null, face };
  const port = parsePort(portText);
  if (port === 'bad' && !/^[a-z0-9-]{1,15}$/i.test(portText))
    return problem(`"${portText}" is not a port`, 'a number or the name of a port');
  return { kind: 'svc', namespace, name, port: port === 'bad' ? portText : port, face };
}

function parseFace(text: string | undefined): ServiceFace | null {
  if (text === undefined) return { kind: 'auto' };
  if (text === 'cluster' || text === 'lb' || text === 'external') return { kind: text };
  return text.startsWith('node/') && text.length > 5 ? { kind: 'node', node: text.slice(5) } : null;
}

/** A device's name may hold almost any character, so everything behind the third slash belongs to it. */
function parseLink(text: string): Endpoint | EndpointProblem {
  const [, machine = '', netns = '', ...dev] = text.split('/');
  if (machine === '' || netns === '' || dev.join('/') === '') return problem(`"${text}" is not a link`, 'link/MACHINE/NETNS/DEV');
  return { kind: 'link', machine, netns, dev: dev.join('/') };
}
