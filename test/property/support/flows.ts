import fc from 'fast-check';
import type { Flow } from './built.ts';
import type { Facts, Party } from './facts.ts';
import type { Face, Target } from './promises.ts';

/** A flow as it is drawn: numbers that count through whoever is there. */
export interface DrawnFlow {
  readonly client: number;
  readonly kind: number;
  readonly target: number;
  readonly face: number;
  readonly proto: number;
}

export const drawnFlow: fc.Arbitrary<DrawnFlow> = fc.record({
  client: fc.nat(30),
  kind: fc.nat(9),
  target: fc.nat(30),
  face: fc.nat(20),
  proto: fc.nat(2),
});

/** A flow of one cluster, with what is known of its two ends. */
export interface KnownFlow extends Flow {
  readonly client: Party;
  readonly target: Target;
}

const PLATFORM = [
  { addr: '169.254.169.254', port: 80 },
  { addr: '168.63.129.16', port: 53 },
  { addr: '168.63.129.16', port: 80 },
  { addr: '168.63.129.16', port: 32_526 },
] as const;

/** What a drawn flow means in a cluster. Services are asked as often as everybody else together. */
export function flowIn(facts: Facts, { client, kind, target, face, proto }: DrawnFlow): KnownFlow {
  const clients = [...facts.pods, ...facts.nodes, ...facts.outside];
  const from = at(clients, client);
  const make = (to: string, meant: Target, how: 'tcp' | 'udp' | 'icmp'): KnownFlow => ({
    from: from.name,
    to,
    proto: how,
    client: from,
    target: meant,
  });
  const [service, hostPort] = [pick(facts.services, target), pick(facts.hostPorts, target)];
  if (kind < 5 && service !== null) {
    const chosen = at(facesOf(facts, service), face);
    return make(`${service.name}:${service.port}@${faceText(chosen)}`, { kind: 'service', service, face: chosen }, service.proto);
  }
  if (kind === 5 && hostPort !== null) {
    return make(`${hostPort.node.name}:${hostPort.hostPort}`, { kind: 'host-port', at: hostPort }, 'tcp');
  }
  if (kind === 6) {
    const place = at(PLATFORM, target);
    return make(`${place.addr}:${place.port}`, { kind: 'platform', ...place }, 'tcp');
  }
  const party = at([...facts.pods, ...facts.nodes, ...facts.outside], target);
  if (proto === 2 && from.kind !== 'internet' && party.kind !== 'internet')
    return make(party.name, { kind: 'party', party, port: null }, 'icmp');
  const [port, how] = listensOn(facts, party, proto);
  return make(`${party.name}:${port}`, { kind: 'party', party, port }, how);
}

function listensOn(facts: Facts, party: Party, proto: number): [port: number, how: 'tcp' | 'udp'] {
  if (party.name.startsWith('pod/')) return [facts.portOf(party), proto === 0 ? 'tcp' : 'udp'];
  if (party.kind === 'node') return [22, 'tcp'];
  return proto === 0 ? [80, 'tcp'] : [53, 'udp'];
}

function facesOf(facts: Facts, { service, nodePort }: Facts['services'][number]): Face[] {
  return [
    { kind: 'cluster' },
    ...(service.ingress.length > 0 ? [{ kind: 'lb' as const }] : []),
    ...(service.externalIPs.length > 0 ? [{ kind: 'external' as const }] : []),
    ...(nodePort > 0 ? facts.nodes.map(({ node }): Face => ({ kind: 'node', node: node ?? '' })) : []),
  ];
}

function faceText(face: Face): string {
  return face.kind === 'node' ? `node/${face.node}` : face.kind;
}

function pick<T>(list: readonly T[], index: number): T | null {
  return list.length === 0 ? null : at(list, index);
}

function at<T>(list: readonly T[], index: number): T {
  const one = list[index % list.length];
  if (one === undefined) throw new Error('nothing to choose from');
  return one;
}
