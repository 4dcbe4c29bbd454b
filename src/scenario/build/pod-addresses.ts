import { formatPrefix, contains } from '../../wire/prefix.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import type { World } from '../../world/world.ts';
import type { PodEntry } from '../schema/workload.ts';
import type { Path } from '../source/yaml.ts';
import { podNames } from './short-forms.ts';

/**
 * Complains about addresses of short forms that the pod's node can not give. Those of manifests may come from another cluster: there the pod
 * just has no network, and a note says so.
 */
export function checkPodAddresses(
  { cluster }: World,
  entries: readonly PodEntry[],
  complain: (path: Path, message: string, expected: string) => void,
): void {
  if (cluster === null) return;
  for (const [index, entry] of entries.entries()) {
    const addr = entry.ip === undefined || entry.hostNetwork === true ? null : parseIpv4(entry.ip);
    if (addr === null) continue;
    const namespace = entry.namespace ?? 'default';
    const names = podNames(entry);
    const pod = cluster.objects.pods.find((one) => one.namespace === namespace && names.includes(one.name));
    const node = pod?.nodeName ?? null;
    if (node === null) continue;
    const range = cluster.nodes[node]?.podCidr ?? cluster.network.subnetPrefix;
    if (contains(range, addr)) continue;
    const message = `pod ${namespace}/${entry.name} has the address ${entry.ip}, which is not one of node ${node}`;
    complain(['pods', index, 'ip'], message, `an address of ${formatPrefix(range)}`);
  }
}
