import type { ObjectProblem } from '../kube/objects/located.ts';
import { IP_MASQ_RESYNC_MS } from '../kube/ip-masq-agent/render.ts';
import type { Iptables } from '../linux/netfilter/rule.ts';
import { TablesEdit } from '../linux/netfilter/tables-edit.ts';
import { ROOT } from '../linux/netns.ts';
import { type AgentName, type Cluster, OBSERVED } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import { applyPlan } from './agents/apply-plan.ts';
import { syncLoadBalancers } from './agents/azure-load-balancer.ts';
import { ROUTES_EVERY_MS, syncAzureRoutes } from './agents/azure-routes.ts';
import { markGoverned } from './agents/govern.ts';
import { ipMasqAgentPlan } from './agents/ip-masq-agent.ts';
import { CANARY_EVERY_MS, FULL_SYNC_EVERY_MS, kubeProxySettings } from './agents/kube-proxy.ts';
import { isPaused } from './agents/pause.ts';
import { syncKubeProxy } from './agents/sync-kube-proxy.ts';
import { deriveObjects } from './derive-objects.ts';
import type { Forget } from './forget.ts';
import { modeOf } from './modes/modes.ts';
import { raw } from './raw.ts';
import { own } from './record.ts';

/** What agents did after an edit, beyond the tables that they wrote. */
export interface Reconciled {
  readonly forget: readonly Forget[];
  readonly problems: readonly ObjectProblem[];
}

/**
 * What happened: cluster objects or machines were edited, or the clock moved.
 */
export type Change = { readonly kind: 'objects' } | { readonly kind: 'clock'; readonly fromMs: number; readonly toMs: number };

/**
 * Runs the agents that a change concerns, over a draft of the World. A table that somebody tampered with stays so until the agent that owns
 * it comes to write it again.
 */
export function reconcile(world: World, change: Change): Reconciled {
  const { cluster, fabric } = world;
  if (cluster === null || fabric === null || cluster.mode === OBSERVED) return { forget: [], problems: [] };
  const mode = modeOf(cluster);
  const settings = kubeProxySettings(mode, cluster.network);
  switch (change.kind) {
    case 'objects': {
      const problems = deriveObjects(cluster, fabric);
      const forget = syncKubeProxy(world, cluster, settings, 'changed');
      markGoverned(world, cluster);
      if (!isPaused(cluster, 'azure-load-balancer')) syncLoadBalancers(fabric, cluster);
      return { forget, problems };
    }
    case 'clock': {
      const forget: Forget[] = [];
      if (isDue(change, FULL_SYNC_EVERY_MS)) forget.push(...syncKubeProxy(world, cluster, settings, 'full'));
      else if (isDue(change, CANARY_EVERY_MS)) {
        forget.push(...syncKubeProxy(world, cluster, settings, 'changed'), ...syncKubeProxy(world, cluster, settings, 'canary'));
      }
      if (isDue(change, IP_MASQ_RESYNC_MS)) syncIpMasqAgents(world, cluster);
      if (isDue(change, ROUTES_EVERY_MS) && mode.podRouting === 'udr' && !isPaused(cluster, 'azure-routes'))
        syncAzureRoutes(fabric, cluster);
      if (isDue(change, ROUTES_EVERY_MS) && !isPaused(cluster, 'azure-load-balancer')) syncLoadBalancers(fabric, cluster);
      return { forget, problems: [] };
    }
  }
}

/** Whether an agent that runs every so often had a turn between two times. */
function isDue({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, everyMs: number): boolean {
  return Math.floor(toMs / everyMs) > Math.floor(fromMs / everyMs);
}

/** Runs ip-masq-agent on every node where it is not paused. Nodes that shared their tables share them afterwards. */
function syncIpMasqAgents(world: World, cluster: Cluster): void {
  const plan = ipMasqAgentPlan(raw(cluster));
  const agent: AgentName = 'ip-masq-agent';
  const written = new Map<Iptables, Iptables>();
  for (const node of Object.values(cluster.nodes)) {
    const netns = own(world.machines, node.machine)?.netns[ROOT];
    if (netns === undefined || isPaused(cluster, agent, node.name)) continue;
    const before = raw(netns.iptables);
    let after = written.get(before);
    if (after === undefined) {
      const tables = new TablesEdit(before);
      applyPlan(tables, plan);
      after = tables.done();
      written.set(before, after);
    }
    if (after !== before) netns.iptables = after;
  }
}
