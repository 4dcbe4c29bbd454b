import { type ForgottenUdpEntries, removedUdpEndpoints } from '../../kube/kube-proxy/conntrack.ts';
import type { KubeProxySettings } from '../../kube/kube-proxy/settings.ts';
import type { ProxyObjects } from '../../kube/kube-proxy/view.ts';
import { ROOT } from '../../linux/netns.ts';
import type { Cluster } from '../../world/cluster.ts';
import type { World } from '../../world/world.ts';
import type { Forget } from '../forget.ts';
import { raw } from '../raw.ts';
import { own } from '../record.ts';
import { fullySynced, lostCanary, nodeView, partlySynced, wantedRules } from './kube-proxy.ts';
import { isPaused } from './pause.ts';
import { syncHealthListeners } from './node-listeners.ts';

/** `changed`: after an edit of services or endpoints. `canary`: only nodes whose tables somebody flushed. `full`: everything, everywhere. */
export type ProxySync = 'changed' | 'canary' | 'full';

/** Runs kube-proxy on every node where it is not paused. @returns the UDP entries that it deletes */
export function syncKubeProxy(world: World, cluster: Cluster, settings: KubeProxySettings, sync: ProxySync): Forget[] {
  const { services, endpointSlices, nodes } = raw(cluster.objects);
  const wanted: ProxyObjects = { services, endpointSlices };
  const objects = new Map(nodes.map((node) => [node.name, node]));
  const removed = new Map<ProxyObjects, readonly ForgottenUdpEntries[]>();
  const forget: Forget[] = [];
  for (const node of Object.values(cluster.nodes)) {
    const netns = own(world.machines, node.machine)?.netns[ROOT];
    if (netns === undefined || isPaused(cluster, 'kube-proxy', node.name)) continue;
    const before = node.proxied === null ? null : raw(node.proxied);
    const same = before?.services === services && before.endpointSlices === endpointSlices;
    const tables = raw(netns.iptables);
    if (sync === 'changed' ? same : sync === 'canary' && !lostCanary(tables)) continue;
    const view = nodeView(node, objects.get(node.name));
    const rules = wantedRules(wanted, view, settings);
    const after =
      before === null || sync !== 'changed' ? fullySynced(tables, rules) : partlySynced(tables, wantedRules(before, view, settings), rules);
    if (after !== tables) netns.iptables = after;
    if (same) continue;
    syncHealthListeners(netns, services);
    if (before !== null) {
      let entries = removed.get(before);
      if (entries === undefined) removed.set(before, (entries = removedUdpEndpoints(before, wanted)));
      if (entries.length > 0) forget.push({ kind: 'udp-entries', machine: node.machine, netns: ROOT, entries });
    }
    node.proxied = wanted;
  }
  return forget;
}
