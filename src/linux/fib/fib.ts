import { ANY } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import { type FibTable, type PolicyRule, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';
import { FibRoute, type RouteContext } from './fib-route.ts';
import { type FibRule, compileRules } from './fib-rule.ts';
import { FibLookupTable } from './fib-table.ts';
import { type GatewayRoutes, gatewayRoutes } from './gateway-scope.ts';

/** The routing policy of a namespace, ready for look-ups. */
export interface Fib {
  /**
   * Null as long as the rules are the three that a namespace starts with: then the kernel walks no rules but searches local and main
   * as one table, and default after it.
   */
  readonly rules: readonly FibRule[] | null;
  readonly merged: FibLookupTable | null;
  /** Null where table default was never written to. */
  readonly fallback: FibLookupTable | null;
  readonly tables: ReadonlyMap<number, FibLookupTable>;
  /** A `local` route that no address made, in any table. @source net/ipv4/fib_frontend.c inet_rtm_newroute */
  readonly customLocalRoutes: boolean;
  /** Some rule looks at the protocol or the ports. @source include/net/ip_fib.h fib4_rules_early_flow_dissect */
  readonly rulesNeedPorts: boolean;
  /** Some route has several ways. */
  readonly multipath: boolean;
  /** Some table has default routes by gateways that stand in for each other. */
  readonly severalDefaults: boolean;
}

const cache = new WeakMap<readonly Device[], WeakMap<FibTable, FibRoute[]>>();

/** Routes of one table, resolved against the devices; kept until the devices or that table change. */
function routesOf(table: FibTable, devices: readonly Device[], context: RouteContext): FibRoute[] {
  let tables = cache.get(devices);
  if (tables === undefined) cache.set(devices, (tables = new WeakMap()));
  let routes = tables.get(table);
  if (routes === undefined) tables.set(table, (routes = resolve(table, context, null)));
  return routes;
}

function resolve({ id, routes }: FibTable, context: RouteContext, leading: GatewayRoutes | null): FibRoute[] {
  return routes.map((route) => new FibRoute(route, id, context, leading));
}

/** Whether the rules are those that the kernel makes for a new namespace. @source net/ipv4/fib_rules.c fib_default_rules_init */
function areDefaultRules(rules: readonly PolicyRule[]): boolean {
  const expected = [
    [0, TABLE_LOCAL],
    [32766, TABLE_MAIN],
    [32767, TABLE_DEFAULT],
  ];
  return (
    rules.length === expected.length &&
    rules.every((rule, i) => {
      const [priority, table] = expected[i] ?? [];
      const plain = !rule.not && rule.from === null && rule.to === null && rule.iif === null && rule.oif === null && rule.fwmark === null;
      const plainToo = rule.tos === 0 && rule.ipproto === null && rule.sport === null && rule.dport === null && rule.uidrange === null;
      const unsuppressed = rule.suppressPrefixlength === null && rule.suppressIfgroup === null;
      const { action } = rule;
      return plain && plainToo && unsuppressed && rule.priority === priority && action.type === 'table' && action.table === table;
    })
  );
}

/** One of another metric stands in for nobody, unless it is for another TOS. @source net/ipv4/fib_semantics.c fib_select_default */
function hasSeveralDefaults(routes: readonly FibRoute[]): boolean {
  const defaults = routes.filter(
    ({ len, type, nexthops }) => len === 0 && type === 'unicast' && nexthops.some(({ gateway }) => gateway !== ANY),
  );
  const metrics = new Set(defaults.map(({ metric }) => metric));
  const kinds = new Set(defaults.map(({ tos }) => tos));
  return metrics.size < defaults.length || kinds.size > 1;
}

/** Makes the routing policy of a frozen namespace ready. */
export function compileFib(
  tables: readonly FibTable[],
  rules: readonly PolicyRule[],
  devices: readonly Device[],
  context: RouteContext,
): Fib {
  const routes = new Map<number, FibRoute[]>();
  const leading = gatewayRoutes(tables);
  for (const table of tables) {
    // Where routes decide what gateways are, those of one table hang on the others.
    const own = leading === null ? routesOf(table, devices, context) : resolve(table, context, leading.get(table) ?? null);
    routes.set(table.id, [...(routes.get(table.id) ?? []), ...own]);
  }
  const local = routes.get(TABLE_LOCAL) ?? [];
  const lookupTables = new Map([...routes].map(([id, list]) => [id, new FibLookupTable(list)] as const));
  const walked = areDefaultRules(rules) ? null : compileRules(rules, context.deviceByName);
  return {
    rules: walked,
    merged: walked === null ? new FibLookupTable([...local, ...(routes.get(TABLE_MAIN) ?? [])]) : null,
    fallback: lookupTables.get(TABLE_DEFAULT) ?? null,
    tables: lookupTables,
    customLocalRoutes: tables.some((table) => table.routes.some(({ type, protocol }) => type === 'local' && protocol !== 'kernel')),
    rulesNeedPorts: rules.some((rule) => rule.ipproto !== null || rule.sport !== null || rule.dport !== null),
    multipath: [...routes.values()].some((list) => list.some(({ nexthops }) => nexthops.length > 1)),
    severalDefaults: [...routes.values()].some(hasSeveralDefaults),
  };
}
