import { keyOf } from '../../kube/objects/meta.ts';
import type { Service } from '../../kube/objects/service.ts';
import { ROOT } from '../../linux/netns.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { World } from '../../world/world.ts';
import type { Protocol } from './request.ts';

/** Something that packets can be sent from or to, by the name that the command line knows. */
export interface Place {
  readonly name: string;
  /** What it is called where room is short. */
  readonly short: string;
  readonly kind: 'pod' | 'service' | 'node' | 'machine' | 'internet' | 'on-prem' | 'namespace';
  /** What tells it apart: its address, its node. */
  readonly about: string;
  readonly sends: boolean;
  readonly port: string | null;
  readonly proto: Protocol | null;
}

/** Every place of a world, pods first. Nothing in it is looked up before it is needed: there may be 50,000. */
export function placesOf(world: World): readonly Place[] {
  return [...pods(world), ...services(world), ...machines(world), ...outside(world), ...namespaces(world)];
}

function* pods({ cluster, machines }: World): Generator<Place> {
  for (const [pod, { machine, netns, attachment, node, hostNetwork, error }] of Object.entries(cluster?.sandboxes ?? {})) {
    if (error !== null) continue;
    const listener = machines[machine]?.netns[netns]?.sockets.find(
      ({ peer, owner }) => peer === null && (!hostNetwork || owner?.includes(pod) === true),
    );
    yield {
      name: pod,
      short: pod.startsWith('default/') ? pod.slice('default/'.length) : pod,
      kind: 'pod',
      about: `${attachment === null ? 'host network' : formatIpv4(attachment.addr)} on ${node}`,
      sends: true,
      port: listener === undefined ? null : String(listener.port),
      proto: listener?.proto ?? 'icmp',
    };
  }
}

function* services({ cluster }: World): Generator<Place> {
  for (const service of cluster?.objects.services ?? []) {
    if (service.type === 'ExternalName' || service.clusterIP === null || service.clusterIP === 'None') continue;
    const key = keyOf(service);
    const [port] = service.ports;
    const common = {
      kind: 'service' as const,
      sends: false,
      port: port === undefined ? null : String(port.port),
      proto: port === undefined ? null : port.protocol === 'UDP' ? ('udp' as const) : ('tcp' as const),
    };
    const short = `svc/${key.startsWith('default/') ? key.slice('default/'.length) : key}`;
    yield { name: `svc/${key}`, short, about: `${service.type} ${service.clusterIP.text}`, ...common };
    for (const face of facesOf(service)) yield { name: `svc/${key}${face.mark}`, short: short + face.mark, about: face.about, ...common };
  }
}

function facesOf(service: Service): { mark: string; about: string }[] {
  const lb = service.ingress[0];
  return [
    ...(lb === undefined ? [] : [{ mark: '@lb', about: `load balancer ${lb.ip.text}` }]),
    ...service.externalIPs.slice(0, 1).map(({ text }) => ({ mark: '@external', about: `external ${text}` })),
  ];
}

function* machines({ machines: hosts, cluster }: World): Generator<Place> {
  const nodes = cluster?.nodes ?? {};
  for (const [name, { addr }] of Object.entries(nodes))
    yield { name: `node/${name}`, short: name, kind: 'node', about: formatIpv4(addr), sends: true, port: null, proto: 'icmp' };
  for (const [name, host] of Object.entries(hosts)) {
    if (host.kind !== 'vm' && host.kind !== 'router') continue;
    const [address] = host.netns[ROOT]?.links.flatMap(({ addresses }) => addresses).filter(({ scope }) => scope !== 'host') ?? [];
    const socket = host.netns[ROOT]?.sockets.find(({ peer }) => peer === null);
    yield {
      name: `vm/${name}`,
      short: name,
      kind: 'machine',
      about: address === undefined ? host.kind : `${host.kind} ${formatIpv4(address.local)}`,
      sends: true,
      port: socket === undefined ? null : String(socket.port),
      proto: socket?.proto ?? 'icmp',
    };
  }
}

function* outside({ fabric }: World): Generator<Place> {
  for (const { name, kind, addrs, machine } of fabric?.externalHosts ?? []) {
    if (kind !== 'internet' && kind !== 'onprem') continue;
    const [addr] = addrs;
    yield {
      name: kind === 'internet' && name === 'internet' ? 'internet' : `${kind}/${name}`,
      short: name,
      kind: kind === 'internet' ? 'internet' : 'on-prem',
      about: addr === undefined ? '' : formatIpv4(addr),
      sends: machine !== null,
      port: '443',
      proto: 'tcp',
    };
  }
}

/** The namespaces of a snapshot, which has no cluster objects to call them by. */
function* namespaces({ machines: hosts, cluster }: World): Generator<Place> {
  if (cluster !== null) return;
  for (const [machine, { netns }] of Object.entries(hosts)) {
    for (const [name, { links, sockets }] of Object.entries(netns)) {
      const [address] = links.flatMap(({ addresses }) => addresses).filter(({ scope }) => scope === 'global');
      const socket = sockets.find(({ peer }) => peer === null);
      yield {
        name: `netns/${machine}/${name}`,
        short: `${machine}/${name}`,
        kind: 'namespace',
        about: address === undefined ? '' : formatIpv4(address.local),
        sends: true,
        port: socket === undefined ? null : String(socket.port),
        proto: socket?.proto ?? 'icmp',
      };
    }
  }
}
