import type { Governing } from '../../kube/objects/governing.ts';
import { governsPod } from '../../kube/objects/governing.ts';
import type { Host, Netns, Unmodelled } from '../../linux/netns.ts';
import { ROOT } from '../../linux/netns.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import { own } from '../record.ts';

/**
 * Marks what objects govern whose engine podwalk does not play, so that the walks which meet them are UNKNOWN: a policy's pods for the
 * connections it would judge, a service's addresses where another proxy serves them. Marks follow the objects, as tables do.
 */
export function markGoverned(world: World, cluster: Cluster): void {
  const governing = [...cluster.objects.policies, ...cluster.objects.unmodelled];
  const nodeMarks = [...governing.flatMap(nodeMark), ...governing.flatMap((one) => serviceMarks(cluster, one))];
  for (const node of Object.values(cluster.nodes)) mark(own(world.machines, node.machine), ROOT, nodeMarks);
  for (const pod of cluster.objects.pods) {
    if (pod.hostNetwork) continue;
    const sandbox = own(cluster.sandboxes, `${pod.namespace}/${pod.name}`);
    if (sandbox === undefined) continue;
    mark(
      own(world.machines, sandbox.machine),
      sandbox.netns,
      governing.length === 0 ? NONE : governing.flatMap((one) => podMarks(one, pod)),
    );
  }
}

const NONE: readonly Unmodelled[] = Object.freeze([]);

/** Replaces a namespace's marks of this kind; the rest of what it says is not modelled stays. */
function mark(host: Host | undefined, name: string, marks: readonly Unmodelled[]): void {
  const netns: Netns | undefined = host === undefined ? undefined : own(host.netns, name);
  if (netns === undefined) return;
  const others = netns.unmodelled.filter(({ reason }) => reason !== 'POLICY' && reason !== 'SERVICE_PROXY');
  if (marks.length === 0 && others.length === netns.unmodelled.length) return;
  netns.unmodelled = [...others, ...marks];
}

function textOf({ kind, namespace, name, reason }: Governing): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}: ${reason}`;
}

function policy(one: Governing, opening: 'in' | 'out'): Unmodelled {
  return { reason: 'POLICY', text: textOf(one), dev: null, part: null, opening };
}

function podMarks(one: Governing, pod: Parameters<typeof governsPod>[1]): Unmodelled[] {
  if (one.governs.what === 'unknown') {
    // Nobody knows what an object of an unknown kind does; the least that can be said is whose neighbourhood it is in.
    return one.namespace === '' || one.namespace === pod.namespace ? [policy(one, 'in'), policy(one, 'out')] : [];
  }
  const ingress = governsPod(one, pod, 'ingress') ? [policy(one, 'in')] : [];
  return governsPod(one, pod, 'egress') ? [...ingress, policy(one, 'out')] : ingress;
}

function nodeMark(one: Governing): Unmodelled[] {
  return one.governs.what === 'nodes' ? [policy(one, 'in'), policy(one, 'out')] : [];
}

/** Every address by which a service that another proxy serves is reached. */
function serviceMarks({ objects }: Cluster, one: Governing): Unmodelled[] {
  const { governs } = one;
  if (governs.what !== 'service') return [];
  const service = objects.services.find(({ namespace, name }) => namespace === governs.namespace && name === governs.name);
  if (service === undefined) return [];
  const clusterIp = service.clusterIP === null || service.clusterIP === 'None' ? [] : [service.clusterIP];
  return [...clusterIp, ...service.externalIPs, ...service.ingress.map(({ ip }) => ip)].flatMap((address): Unmodelled[] => {
    const to = parseIpv4(address.text);
    return to === null ? [] : [{ reason: 'SERVICE_PROXY', text: textOf(one), dev: null, part: null, to }];
  });
}
