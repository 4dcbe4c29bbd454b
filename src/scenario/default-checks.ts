import { keyOf } from '../kube/objects/meta.ts';
import type { Pod } from '../kube/objects/pod.ts';
import { hasLabels } from '../kube/objects/selector.ts';
import { type Service, type ServicePort, isInternalLoadBalancer } from '../kube/objects/service.ts';
import { counted } from '../wire/counted.ts';
import type { World } from '../world/world.ts';
import type { PlannedCheck } from './plan.ts';
import type { YamlDocument } from './source/yaml.ts';

/** Checks that are made of nothing but services, at most. */
const MAX_DEFAULT_CHECKS = 500;

/**
 * What a scenario that promises nothing is taken to promise: every service answers on every port, from a pod of every node (from the node
 * itself where none runs), and from outside where it has a load balancer. Where that is too much, each is asked from one node only.
 */
export function serviceChecks(document: YamlDocument, world: World): { checks: PlannedCheck[]; note: string } {
  const services = (world.cluster?.objects.services ?? []).filter(({ type, clusterIP }) => type !== 'ExternalName' && clusterIP !== 'None');
  const pods = new Map((world.cluster?.objects.pods ?? []).map((pod) => [keyOf(pod), pod]));
  const nodes = Object.keys(world.cluster?.nodes ?? {});
  const ports = services.reduce((sum, service) => sum + service.ports.length, 0);
  const everyNode = ports * (nodes.length + 1) <= MAX_DEFAULT_CHECKS;
  const all = services.flatMap((service, index) => {
    const askers = everyNode ? nodes : nodes.slice(index % nodes.length).slice(0, 1);
    const senders = [...askers.map((node) => senderOn(node, service, pods, world)), ...(isPublic(service) ? ['internet'] : [])];
    return service.ports.flatMap((port) => senders.flatMap((from) => reaches(from, service, port, document)));
  });
  const checks = all.slice(0, MAX_DEFAULT_CHECKS);
  return { checks, note: noteOf(services.length, checks.length, all.length, everyNode) };
}

function noteOf(services: number, made: number, all: number, everyNode: boolean): string {
  if (made === 0) return 'it promises nothing and has no service: there is nothing to check';
  const note = `it promises nothing of its own, so that every service is reachable is checked (${counted(services, 'service')})`;
  if (everyNode) return note;
  const left = made === all ? '' : `, and ${all - made} of ${all} checks are left out`;
  return `${note}; there are many, so each is asked from one node${left} (MAX_DEFAULT_CHECKS is ${MAX_DEFAULT_CHECKS})`;
}

/** A pod of the node that does not stand behind the service itself; the node where there is none. */
function senderOn(node: string, { selector }: Service, pods: ReadonlyMap<string, Pod>, world: World): string {
  const sender = Object.entries(world.cluster?.sandboxes ?? {}).find(([name, sandbox]) => {
    const labels = pods.get(name)?.labels ?? {};
    return sandbox.node === node && sandbox.attachment !== null && (selector === null || !hasLabels(labels, selector));
  });
  return sender === undefined ? `node/${node}` : `pod/${sender[0]}`;
}

function reaches(from: string, service: Service, port: ServicePort, document: YamlDocument): PlannedCheck[] {
  if (port.protocol === 'SCTP') return [];
  const to = `svc/${keyOf(service)}:${port.port}`;
  const place = service.source ?? { file: document.file, ...document.at([]) };
  const proto = port.protocol === 'UDP' ? 'udp' : 'tcp';
  return [
    {
      name: `${from} -> ${to}`,
      under: [],
      place,
      at: () => place,
      tags: [],
      from,
      to,
      proto,
      send: {},
      allBranches: true,
      expectations: { expect: 'replied' },
    },
  ];
}

/** Whether the internet has an address to send to. */
function isPublic(service: Service): boolean {
  return service.type === 'LoadBalancer' && service.ingress.length > 0 && !isInternalLoadBalancer(service);
}
