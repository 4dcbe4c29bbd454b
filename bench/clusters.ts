import { buildCluster } from '../src/aks/build-cluster.ts';
import type { ClusterSpec } from '../src/aks/spec.ts';
import { NO_OBJECTS } from '../src/kube/objects/cluster-objects.ts';
import { newPod, type Pod } from '../src/kube/objects/pod.ts';
import { newService, type Service } from '../src/kube/objects/service.ts';
import { prefix } from '../src/wire/prefix.ts';
import { freeze } from '../src/world/freeze.ts';
import type { FrozenWorld, World } from '../src/world/world.ts';

export interface Size {
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly services: number;
}

/** A cluster of a given size: every service selects three pods, and every pod listens on udp/5353. */
function clusterSpec({ nodes, podsPerNode, services }: Size): ClusterSpec {
  const nodeNames = Array.from({ length: nodes }, (_, n) => `node-${String(n).padStart(4, '0')}`);
  const pods: Pod[] = nodeNames.flatMap((nodeName, n) =>
    Array.from({ length: podsPerNode }, (_, p) => {
      const serial = n * podsPerNode + p;
      return newPod({
        namespace: 'default',
        name: `pod-${serial}`,
        nodeName,
        labels: { app: `app-${serial % Math.max(1, services)}` },
        ports: [{ name: 'dns', protocol: 'UDP', port: 5353, hostPort: null, hostIP: null }],
      });
    }),
  );
  const list: Service[] = Array.from({ length: services }, (_, s) =>
    newService({
      namespace: 'default',
      name: `svc-${s}`,
      selector: { app: `app-${s}` },
      ports: [{ name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353, nodePort: 0, appProtocol: null }],
    }),
  );
  return {
    mode: 'overlay',
    podCidr: prefix('10.128.0.0/11'),
    serviceCidr: prefix('10.0.0.0/16'),
    vnet: { prefixes: [prefix('10.224.0.0/12')] },
    subnet: { prefix: prefix('10.224.0.0/16') },
    nodes: nodeNames.map((name) => ({ name })),
    objects: { ...NO_OBJECTS, pods, services: list },
  };
}

/** Builds, not yet frozen. @throws Error when the size does not fit. */
export function buildSize(size: Size): World {
  const { world, problems } = buildCluster(clusterSpec(size));
  if (problems.length > 0 || world === null) throw new Error(JSON.stringify(problems[0]));
  return world;
}

export function frozenSize(size: Size): FrozenWorld {
  return freeze(buildSize(size));
}
