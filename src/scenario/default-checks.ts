import { keyOf } from '../kube/objects/meta.ts';
import type { Pod } from '../kube/objects/pod.ts';
import { hasLabels } from '../kube/objects/selector.ts';
import { type Service, type ServicePort, isInternalLoadBalancer } from '../kube/objects/service.ts';
import type { World } from '../world/world.ts';
import type { PlannedCheck } from './plan.ts';
import type { YamlDocument } from './source/yaml.ts';

/**
 * What a scenario that promises nothing is taken to promise: every service answers on every port, from a pod of every node (from the node
 * itself where none runs), and from outside where it has a load balancer.
 */
export function serviceChecks(document: YamlDocument, world: World): { checks: PlannedCheck[]; note: string } {
  const services = (world.cluster?.objects.services ?? []).filter(({ type, clusterIP }) => type !== 'ExternalName' && clusterIP !== 'None');
  const pods = new Map((world.cluster?.objects.pods ?? []).map((pod) => [keyOf(pod), pod]));
  const nodes = Object.keys(world.cluster?.nodes ?? {});
  const checks = services.flatMap((service) =>
    service.ports.flatMap((port) => {
      const outside = isPublic(service) ? ['internet'] : [];
      const senders = nodes.map((node) => senderOn(node, service, pods, world));
      return [...senders, ...outside].flatMap((from) => reaches(from, service, port, document));
    }),
  );
  const note =
    checks.length === 0
      ? 'it promises nothing and has no service: there is nothing to check'
      : `it promises nothing of its own, so that every service is reachable is checked (${services.length} services)`;
  return { checks, note };
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
