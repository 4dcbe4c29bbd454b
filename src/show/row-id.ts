import type { RouteRef, Tuple } from '../trace/trace.ts';

/** Names of entries, the same whether made from a table or from a step of a trace. */

/** A rule of iptables. @param index from 1 */
export function ruleId(table: string, chain: string, index: number): string {
  return `${table} ${chain} ${index}`;
}

/** The policy of a built-in chain. */
export function policyId(table: string, chain: string): string {
  return `${table} ${chain} policy`;
}

/** A route of a host or of a subnet. */
export function routeId({ table, type, dst, dev, via, metric, tos }: RouteRef): string {
  return [table, type, dst, dev ?? '-', via ?? '-', metric ?? 0, tos ?? 0].join(' ');
}

/** A policy rule of a host. @param nth of those with this priority, from 1 */
export function policyRuleId(priority: number, nth: number): string {
  return `${priority} ${nth}`;
}

export function neighbourId(dev: string, ip: string): string {
  return `${dev} ${ip}`;
}

/** A connection, by its original direction. */
export function connectionId({ proto, src, sport, dst, dport }: Tuple): string {
  return [proto, src, sport ?? 0, dst, dport ?? 0].join(' ');
}
