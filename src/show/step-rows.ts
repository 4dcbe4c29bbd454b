import type { Fabric } from '../azure/fabric.ts';
import type { RouteRef, Step } from '../trace/trace.ts';
import type { World } from '../world/world.ts';
import { routingTableName } from './ip-route.ts';
import { connectionId, neighbourId, policyId, policyRuleId, routeId, ruleId } from './row-id.ts';

/** One entry of one table: {@link Listing.key} and {@link Row.id}. */
export interface RowRef {
  readonly listing: string;
  readonly row: string;
}

/** The entries that decided in a step, the deciding one first; none where nothing of the kind did. */
export function rowsOfStep(step: Step, at: string, world: World): RowRef[] {
  const refs: RowRef[] = [];
  const { rule, policy, azureRule, route, neigh, conntrack } = step;
  if (rule !== undefined) {
    const tool = rule.backEnd === 'legacy' ? 'iptables-legacy' : 'iptables';
    refs.push({ listing: `${tool}:${rule.table}`, row: ruleId(rule.table, rule.chain, rule.index) });
  }
  if (policy !== undefined) refs.push({ listing: `iptables:${policy.table}`, row: policyId(policy.table, policy.chain) });
  if (azureRule !== undefined) refs.push({ listing: `nsg:${azureRule.nsg}`, row: azureRule.rule });
  if (neigh !== undefined) refs.push({ listing: 'neigh', row: neighbourId(neigh.dev, neigh.ip) });
  if (route !== undefined) refs.push(...(at.startsWith('fabric/') ? fabricRoute(route, world.fabric) : hostRoute(route, at, world)));
  if (conntrack !== undefined) refs.push({ listing: 'conntrack', row: connectionId(conntrack.orig) });
  return refs;
}

/** The route; and the policy rule that led to its table, where only one does. */
function hostRoute(route: RouteRef, at: string, { machines }: World): RowRef[] {
  const [machine = '', netns = ''] = at.split('/');
  const rules = machines[machine]?.netns[netns]?.rules ?? [];
  const leading = rules.filter(({ action }) => action.type === 'table' && routingTableName(action.table) === route.table);
  const [only] = leading;
  const refs: RowRef[] = [{ listing: 'route', row: routeId(route) }];
  if (only === undefined || leading.length > 1) return refs;
  const nth = rules.filter(({ priority }) => priority === only.priority).indexOf(only) + 1;
  return [...refs, { listing: 'rule', row: policyRuleId(only.priority, nth) }];
}

/** The effective route; and the user's own route where it is one. */
function fabricRoute(route: RouteRef, fabric: Fabric | null): RowRef[] {
  const refs: RowRef[] = [{ listing: `effective-routes:${route.table}`, row: routeId(route) }];
  const { origin = '' } = route;
  if (fabric === null || !origin.startsWith('User ')) return refs;
  const subnet = fabric.vnets.flatMap(({ name, subnets }) => subnets.filter((one) => `${name}/${one.name}` === route.table))[0];
  if (subnet?.routeTable === null || subnet?.routeTable === undefined) return refs;
  return [...refs, { listing: `route-table:${subnet.routeTable}`, row: origin.slice('User '.length) }];
}
