import { keyOf } from '../kube/objects/meta.ts';
import type { Service, ServicePort } from '../kube/objects/service.ts';
import type { World } from '../world/world.ts';
import type { PlannedCheck } from './plan.ts';
import type { YamlDocument } from './source/yaml.ts';

/**
 * What a scenario that promises nothing is taken to promise: every service answers on every port, from a pod of every node (from the node
 * itself where none runs), and from outside where it has a load balancer.
 */
export function serviceChecks(document: YamlDocument, world: World): { checks: PlannedCheck[]; note: string } {
  const services = (world.cluster?.objects.services ?? []).filter(({ type, clusterIP }) => type !== 'ExternalName' && clusterIP !== 'None');
  const senders = Object.keys(world.cluster?.nodes ?? {}).map((node) => senderOn(node, world));
  const checks = services.flatMap((service) =>
    service.ports.flatMap((port) => {
      const outside = service.type === 'LoadBalancer' && service.ingress.length > 0 ? ['internet'] : [];
      return [...senders, ...outside].flatMap((from) => reaches(from, service, port, document));
    }),
  );
  const note =
    checks.length === 0
      ? 'it promises nothing and has no service: there is nothing to check'
      : `it promises nothing of its own, so that every service is reachable is checked (${services.length} services)`;
  return { checks, note };
}

function senderOn(node: string, world: World): string {
  const pod = Object.entries(world.cluster?.sandboxes ?? {}).find(([, sandbox]) => sandbox.node === node && !sandbox.hostNetwork);
  return pod === undefined ? `node/${node}` : `pod/${pod[0]}`;
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
