import { isServiceChain } from '../../kube/kube-proxy/names.ts';
import { type KubeProxyRules, kubeProxyChains, kubeProxyRules } from '../../kube/kube-proxy/render.ts';
import { DEFAULT_KUBE_PROXY_SETTINGS, type KubeProxySettings, type NodeView } from '../../kube/kube-proxy/settings.ts';
import { fullSync } from '../../kube/kube-proxy/sync.ts';
import type { ProxyObjects } from '../../kube/kube-proxy/view.ts';
import { type Node, nodeZone } from '../../kube/objects/node.ts';
import type { Iptables } from '../../linux/netfilter/rule.ts';
import { Interner } from '../../linux/netfilter/intern.ts';
import type { TableEditor } from '../../linux/netfilter/table-editor.ts';
import { TablesEdit } from '../../linux/netfilter/tables-edit.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import type { ClusterNetwork, ClusterNode } from '../../world/cluster.ts';
import type { NetworkMode } from '../modes/mode.ts';
import { RuleReader } from './read-rule.ts';
import { applyPlan, chainOf, chainsOf, putChain } from './apply-plan.ts';

/** How often kube-proxy looks for its canary chains. @source kube-proxy --iptables-sync-period */
export const CANARY_EVERY_MS = 30_000;
/** How often kube-proxy writes everything anew. @source pkg/proxy/util FullSyncPeriod */
export const FULL_SYNC_EVERY_MS = 3_600_000;

/** kube-proxy as AKS starts it. */
export function kubeProxySettings(mode: NetworkMode, network: ClusterNetwork): KubeProxySettings {
  const cidr = formatPrefix(mode.clusterCidr(network));
  return { ...DEFAULT_KUBE_PROXY_SETTINGS, localDetector: { mode: 'ClusterCIDR', cidr } };
}

export function nodeView(node: ClusterNode, object: Node | undefined): NodeView {
  return {
    name: node.name,
    ip: formatIpv4(node.addr),
    addresses: ['127.0.0.1', formatIpv4(node.addr)],
    podCIDR: node.podCidr === null ? null : formatPrefix(node.podCidr),
    zone: object === undefined ? null : nodeZone(object),
  };
}

const synced = new WeakMap<Iptables, WeakMap<KubeProxyRules, Iptables>>();

/**
 * The tables after a full sync: jumps, every chain of kube-proxy, no stale chain. Nodes with the identical tables and the identical rules get
 * the identical result.
 */
export function fullySynced(tables: Iptables, rules: KubeProxyRules): Iptables {
  let byRules = synced.get(tables);
  if (byRules === undefined) synced.set(tables, (byRules = new WeakMap()));
  let after = byRules.get(rules);
  if (after === undefined) byRules.set(rules, (after = writeAll(tables, rules)));
  return after;
}

function writeAll(before: Iptables, rules: KubeProxyRules): Iptables {
  const tables = new TablesEdit(before);
  const { chains, rules: jumps } = fullSync({ ...rules, services: [] }, []);
  applyPlan(tables, { policies: [], chains, rules: jumps, restore: [] });
  writeChains(tables, rules, new Set());
  return tables.done();
}

interface PartialSync {
  readonly previous: KubeProxyRules;
  readonly rules: KubeProxyRules;
  readonly after: Iptables;
}

/** The latest partial sync of each set of tables: nodes that share theirs come one after the other. */
const partial = new WeakMap<Iptables, PartialSync>();

/**
 * The tables after a sync that leaves alone the chains of services that are rendered as before. Where a rule then jumps to a chain that
 * somebody deleted, iptables-restore fails and kube-proxy falls back to a full sync.
 */
export function partlySynced(tables: Iptables, previous: KubeProxyRules, rules: KubeProxyRules): Iptables {
  const known = partial.get(tables);
  if (known?.previous === previous && known.rules === rules) return known.after;
  const after = writeChanges(tables, previous, rules);
  partial.set(tables, { previous, rules, after });
  return after;
}

function writeChanges(tables: Iptables, previous: KubeProxyRules, rules: KubeProxyRules): Iptables {
  const edit = new TablesEdit(tables);
  writeChains(edit, rules, new Set(previous.services.map(({ ports }) => ports)));
  if (edit.table('nat').danglingJump() !== null || edit.table('filter').danglingJump() !== null) return fullySynced(tables, rules);
  return edit.done();
}

/** Whether somebody flushed the tables: a canary chain is gone. */
export function lostCanary(tables: Iptables): boolean {
  return (['mangle', 'nat', 'filter'] as const).some(
    (table) => tables[table]?.chains.some((chain) => chain.name === 'KUBE-PROXY-CANARY') !== true,
  );
}

/** The rules that kube-proxy wants on a node. */
export function wantedRules(objects: ProxyObjects, view: NodeView, settings: KubeProxySettings): KubeProxyRules {
  return kubeProxyRules(objects, view, settings);
}

type ServicePorts = KubeProxyRules['services'][number]['ports'];

/** @param unchanged what the kernel holds already */
function writeChains(tables: TablesEdit, rules: KubeProxyRules, unchanged: ReadonlySet<ServicePorts>): void {
  const { filter, nat } = kubeProxyChains(rules);
  const reader = new RuleReader(new Interner());
  for (const { name } of filter) reader.know(name);
  for (const { name } of nat) reader.know(name);
  for (const chain of filter) putChain(tables.table('filter'), chainOf(chain, reader));
  for (const chain of nat) if (!isServiceChain(chain.name)) putChain(tables.table('nat'), chainOf(chain, reader));
  for (const { ports } of rules.services) {
    if (unchanged.has(ports)) continue;
    for (const { chains } of ports) for (const chain of chainsOf(chains, reader)) putChain(tables.table('nat'), chain);
  }
  removeStale(tables.table('nat'), new Set(nat.map(({ name }) => name)));
}

function removeStale(nat: TableEditor, active: ReadonlySet<string>): void {
  for (const name of nat.chainNames) if (isServiceChain(name) && !active.has(name)) nat.delete(name);
}
