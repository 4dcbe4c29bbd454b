import type { Ipv4 } from '../wire/ipv4.ts';
import { TCP, UDP } from '../wire/proto.ts';
import type { InboundNatRule, LbProtocol, LbRule, LoadBalancer, PoolMember } from './load-balancer.ts';
import { memo } from './memo.ts';

export interface PoolView {
  readonly members: readonly PoolMember[];
  /** The administrator set the state of a member. */
  readonly administered: boolean;
}

/** A load balancer compiled for look-ups. */
export interface LbView {
  readonly rules: ReadonlyMap<string, readonly LbRule[]>;
  readonly natRules: ReadonlyMap<string, readonly InboundNatRule[]>;
  readonly pools: ReadonlyMap<string, PoolView>;
}

export const lbView: (lb: LoadBalancer) => LbView = memo((lb: LoadBalancer) => ({
  rules: byFrontend(lb.rules),
  natRules: byFrontend(lb.inboundNatRules),
  pools: new Map(
    lb.pools.map(({ name, members }) => [name, { members, administered: members.some((member) => member.adminState !== 'none') }]),
  ),
}));

function byFrontend<R extends { readonly frontend: string }>(rules: readonly R[]): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const rule of rules) {
    const group = groups.get(rule.frontend);
    if (group === undefined) groups.set(rule.frontend, [rule]);
    else group.push(rule);
  }
  return groups;
}

/** The load-balancing rule for a frontend and port; a rule for all ports comes last. */
export function ruleFor(view: LbView, frontend: string, proto: number, dport: number): LbRule | null {
  const rules = view.rules.get(frontend) ?? [];
  const exact = rules.find((rule) => takes(rule.protocol, proto) && rule.frontendPort === dport && rule.frontendPort !== 0);
  return exact ?? rules.find((rule) => takes(rule.protocol, proto) && rule.frontendPort === 0) ?? null;
}

export function natRuleFor(view: LbView, frontend: string, proto: number, dport: number): InboundNatRule | null {
  return view.natRules.get(frontend)?.find((rule) => takes(rule.protocol, proto) && rule.frontendPort === dport) ?? null;
}

/** TCP and UDP only: the load balancer carries no other protocol. */
export function takes(protocol: LbProtocol, proto: number): boolean {
  if (proto === TCP) return protocol !== 'udp';
  return proto === UDP && protocol !== 'tcp';
}

/** Addresses of a frontend list, in the order of the rule. */
export function frontendAddrs(lb: LoadBalancer, names: readonly string[]): Ipv4[] {
  return names.flatMap((name) => lb.frontends.filter((frontend) => frontend.name === name).map((frontend) => frontend.addr));
}
