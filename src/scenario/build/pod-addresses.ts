import { formatPrefix, contains } from '../../wire/prefix.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import type { World } from '../../world/world.ts';
import type { PodEntry } from '../schema/workload.ts';
import type { Path } from '../source/yaml.ts';
import { podNames } from './short-forms.ts';

/**
 * Complains about addresses of short forms that lie outside of what the pod's node gives. One that is taken, and those of manifests, which
 * may come from another cluster, are no errors: the pod has no network, and a note says so.
 */
export function checkPodAddresses(
  { cluster }: World,
  entries: readonly PodEntry[],
  complain: (path: Path, message: string, expected: string) => void,
): void {
  if (cluster === null) return;
  const nodeOf = new Map(cluster.objects.pods.map(({ namespace, name, nodeName }) => [`${namespace}/${name}`, nodeName]));
  for (const [index, entry] of entries.entries()) {
    const addr = entry.ip === undefined || entry.hostNetwork === true ? null : parseIpv4(entry.ip);
    if (addr === null) continue;
    const namespace = entry.namespace ?? 'default';
    const [name] = podNames(entry);
    const node = name === undefined ? null : (nodeOf.get(`${namespace}/${name}`) ?? null);
    if (node === null) continue;
    const range = cluster.nodes[node]?.podCidr ?? cluster.network.subnetPrefix;
    if (contains(range, addr)) continue;
    const message = `pod ${namespace}/${entry.name} has the address ${entry.ip}, which is not one of node ${node}`;
    complain(['pods', index, 'ip'], message, `an address of ${formatPrefix(range)}`);
  }
}
