import type { Considered } from '../trace/trace.ts';
import { type Ipv4, formatIpv4 } from '../wire/ipv4.ts';
import { TCP } from '../wire/proto.ts';
import { arrive } from './arrive.ts';
import { type Crossing, drop, flowText, rewriteDestination, rewriteSource, unknown } from './crossing.ts';
import { findFlow, hashWords, putFlow } from './flow-table.ts';
import type { NicView } from './fabric-index.ts';
import { type LbView, type PoolView, lbView, natRuleFor, ruleFor } from './lb-view.ts';
import type { Frontend, InboundNatRule, LbRule, LoadBalancer, PoolMember } from './load-balancer.ts';
import { VIA_LB, isExpired, lbFlowOf } from './nic-flows.ts';
import { isFragment, isIcmpError, opensConnection } from './packet.ts';
import type { FabricResult } from './result.ts';
import { type LbFlow, allPass, idOf, isProbeHealthy } from './session.ts';

const MINUTE_MS = 60_000;
const HOW = { default: '5-tuple', sourceIp: 'source and destination', sourceIpProtocol: '3-tuple' } as const;

type Rule = LbRule | InboundNatRule;

/**
 * A packet reached a load balancer's frontend, as its destination or (`asNextHop`) as the next hop of a UDR.
 * A known connection stays with its backend; a new one is hashed over the healthy backends.
 * @source load-balancer-distribution-mode, load-balancer-custom-probe-overview
 */
export function toBackend(c: Crossing, lb: LoadBalancer, frontend: Frontend, asNextHop = false): FabricResult {
  if (isFragment(c.packet)) return drop(c, 'azure:lb', 'AZURE_FRAGMENT_DROPPED', `load balancer ${lb.name} drops IP fragments`);
  if (isIcmpError(c.packet)) {
    return unknown(
      c,
      'azure:lb',
      'AZURE_ICMP_ERROR_THROUGH_NAT',
      `an ICMP error to frontend ${frontend.name} of ${lb.name} is not modelled`,
    );
  }
  const view = lbView(lb);
  const natRule = asNextHop ? null : natRuleFor(view, frontend.name, c.proto, c.dport);
  const rule = natRule ?? ruleFor(view, frontend.name, c.proto, c.dport);
  if (rule === null) return noRule(c, lb, frontend);
  const { members, administered } = poolOf(view, rule);
  const word = (idOf(c.session, lb.name) << 8) | c.proto;
  const slot = findFlow(c.session.lbFlows, c.dst, c.src, (c.sport << 16) | c.dport, word);
  const known = slot < 0 ? 0 : (c.session.lbFlows.values[slot] ?? 0);
  const kept = known === 0 ? null : followKnown(c, lb, rule, members, known, asNextHop);
  if (kept !== null) return kept;
  const everyone = !administered && allPass(c.session, lb.name, probeOf(rule));
  const healthy = everyone ? members : members.filter((member) => isHealthy(c, lb, rule, member));
  const picked = healthy[pick(c, lb, rule, healthy, members, asNextHop)];
  if (picked === undefined) return noneHealthy(c, lb, rule, members);
  const flow = newFlow(c, picked.nic, picked.ipconfig, rule);
  c.session.lbRecords.push(flow);
  putFlow(c.session.lbFlows, c.dst, c.src, (c.sport << 16) | c.dport, word, c.session.lbRecords.length, c.nowMs);
  return handOver(c, rule, flow, c.session.lbRecords.length, asNextHop);
}

/** @param known the record's number, from 1 @returns null when the connection counts as new */
function followKnown(
  c: Crossing,
  lb: LoadBalancer,
  rule: Rule,
  members: readonly PoolMember[],
  known: number,
  asNextHop: boolean,
): FabricResult | null {
  const record = c.session.lbRecords[known - 1];
  if (record === undefined) return null;
  if (isExpired(c, record)) return opensConnection(c.packet) ? null : idle(c, lb, record);
  if (!keepsBackend(c, lb, rule, members, record)) return null;
  record.seenMs = c.nowMs;
  if (c.steps !== null) {
    c.steps.step({ stage: 'azure:lb', verb: 'TRACKED', text: `${lb.name}: known connection stays with ${record.nic}` });
  }
  return handOver(c, rule, record, known, asNextHop);
}

function poolOf(view: LbView, rule: Rule): PoolView {
  if ('pool' in rule) return view.pools.get(rule.pool) ?? EMPTY_POOL;
  return { members: [{ nic: rule.nic, ipconfig: rule.ipconfig, adminState: 'up' }], administered: true };
}

const EMPTY_POOL: PoolView = { members: [], administered: false };

/** An established TCP connection survives a failing probe, unless the pool has nobody else; UDP moves. */
function keepsBackend(c: Crossing, lb: LoadBalancer, rule: Rule, members: readonly PoolMember[], flow: LbFlow): boolean {
  const member = members.find((candidate) => candidate.nic === flow.nic && candidate.ipconfig === flow.ipconfig);
  if (member === undefined || c.index.nicNamed(flow.nic) === null) return false;
  return isHealthy(c, lb, rule, member) || (c.proto === TCP && members.length > 1 && !opensConnection(c.packet));
}

function isHealthy(c: Crossing, lb: LoadBalancer, rule: Rule, member: PoolMember): boolean {
  if (member.adminState !== 'none') return member.adminState === 'up';
  const probe = probeOf(rule);
  return probe === null || isProbeHealthy(c.session, lb.name, probe, member.nic);
}

function pick(
  c: Crossing,
  lb: LoadBalancer,
  rule: Rule,
  healthy: readonly PoolMember[],
  members: readonly PoolMember[],
  asNextHop: boolean,
): number {
  const hashed = healthy.length === 0 ? 0 : (hash(c, rule, asNextHop) >>> 0) % healthy.length;
  const candidates = (): string[] => healthy.map((member) => member.nic);
  const picked =
    c.choose === null || healthy.length < 2
      ? hashed
      : c.choose({
          what: 'lb-hash',
          at: `fabric/${lb.name}/${rule.name}`,
          odds: healthy.map(() => 1 / healthy.length),
          candidates: candidates(),
          hashed,
        });
  const nic = healthy[picked]?.nic;
  if (c.steps !== null && nic !== undefined) {
    const text =
      'pool' in rule
        ? `${lb.name}: rule ${rule.name} hashes ${flowText(c)} (${HOW[rule.distribution]}) to ${nic}, ${picked + 1} of ${healthy.length} healthy`
        : `${lb.name}: inbound NAT rule ${rule.name} leads to ${nic}`;
    c.steps.step({ stage: 'azure:lb', verb: 'ROUTED', text, considered: () => unhealthy(rule, members, healthy) });
  }
  return picked;
}

/** As the next hop of a UDR both directions of a connection hash alike, so that one appliance sees both. (Inferred.) */
function hash(c: Crossing, rule: Rule, asNextHop: boolean): number {
  const seed = c.session.hashSeed;
  if (!('pool' in rule)) return 0;
  if (rule.distribution === 'sourceIp') return hashWords(seed, c.src, c.dst, 0, 0);
  if (rule.distribution === 'sourceIpProtocol') return hashWords(seed, c.src, c.dst, 0, c.proto);
  if (!asNextHop) return hashWords(seed, c.src, c.dst, (c.sport << 16) | c.dport, c.proto);
  const swap = c.src > c.dst;
  const [a, b] = swap ? [c.dst, c.src] : [c.src, c.dst];
  return hashWords(seed, a, b, swap ? (c.dport << 16) | c.sport : (c.sport << 16) | c.dport, c.proto);
}

function unhealthy(rule: Rule, members: readonly PoolMember[], healthy: readonly PoolMember[]): Considered[] {
  return members
    .filter((member) => !healthy.includes(member))
    .map((member) => ({
      what: `backend ${member.nic}`,
      why: member.adminState === 'down' ? 'set down by the administrator' : `fails probe ${probeOf(rule) ?? ''}`,
    }));
}

function probeOf(rule: Rule): string | null {
  return 'probe' in rule ? rule.probe : null;
}

function newFlow(c: Crossing, nic: string, ipconfig: string, rule: Rule): LbFlow {
  return {
    nic,
    ipconfig,
    frontend: c.dst,
    frontendPort: c.dport,
    client: c.src,
    clientPort: c.sport,
    proto: c.proto,
    floating: rule.floatingIp,
    idleMs: rule.idleMinutes * MINUTE_MS,
    tcpReset: 'tcpReset' in rule && rule.tcpReset,
    seenMs: c.nowMs,
  };
}

/** @param record from 1, as the flow table holds it */
function handOver(c: Crossing, rule: Rule, flow: LbFlow, record: number, asNextHop: boolean): FabricResult {
  const nic = c.index.nicNamed(flow.nic);
  if (nic === null) return drop(c, 'azure:lb', 'AZURE_LB_NO_HEALTHY', `backend ${flow.nic} does not exist any more`);
  if (asNextHop) return arrive(c, nic, nic.subnet);
  if (!rule.floatingIp) {
    const port = rule.backendPort === 0 ? c.dport : rule.backendPort;
    rewriteDestination(
      c,
      'azure:lb',
      memberAddr(nic, flow.ipconfig),
      port,
      () => `rule ${rule.name}: destination becomes ${nic.nic.name}:${port}`,
    );
  }
  return arrive(c, nic, nic.subnet, VIA_LB, record - 1);
}

function memberAddr(nic: NicView, ipconfig: string): Ipv4 {
  return nic.nic.ipconfigs.find((candidate) => candidate.name === ipconfig)?.addr ?? nic.primary;
}

function noRule(c: Crossing, lb: LoadBalancer, frontend: Frontend): FabricResult {
  const text = `${lb.name}: no rule of frontend ${frontend.name} (${formatIpv4(frontend.addr)}) takes ${flowText(c)}`;
  return drop(c, 'azure:lb', 'AZURE_LB_NO_RULE', text);
}

function noneHealthy(c: Crossing, lb: LoadBalancer, rule: Rule, members: readonly PoolMember[]): FabricResult {
  const names = unhealthy(rule, members, []).map(({ what, why }) => `${what} ${why}`);
  const why = names.length === 0 ? 'its pool is empty' : names.slice(0, 5).join('; ');
  return drop(c, 'azure:lb', 'AZURE_LB_NO_HEALTHY', `${lb.name}: rule ${rule.name} has no healthy backend: ${why}`);
}

function idle(c: Crossing, lb: LoadBalancer, flow: LbFlow): FabricResult {
  const text = `${lb.name}: the connection was silent for more than ${flow.idleMs / MINUTE_MS} minutes`;
  return drop(c, 'azure:lb', 'AZURE_IDLE_EXPIRED', text, flow.tcpReset);
}

/**
 * A backend answers a connection that a load balancer brought: the frontend becomes the source again, straight to the client.
 * Done before the route look-up. (Inferred; only where a UDR takes the reply elsewhere could one tell.)
 * @param known what the NIC remembers of the connection
 * @returns null when the packet may go on
 */
export function fromBackend(c: Crossing, known: number): FabricResult | null {
  const flow = lbFlowOf(c, known);
  if (flow === null) return null;
  if (isIcmpError(c.packet)) {
    return flow.floating
      ? null
      : unknown(c, 'azure:lb', 'AZURE_ICMP_ERROR_THROUGH_NAT', 'an ICMP error about a translated connection is not modelled');
  }
  if (isExpired(c, flow)) {
    const text = `the load balancer forgot the connection after ${flow.idleMs / MINUTE_MS} silent minutes`;
    return drop(c, 'azure:lb', 'AZURE_IDLE_EXPIRED', text, flow.tcpReset);
  }
  flow.seenMs = c.nowMs;
  if (!flow.floating) rewriteSource(c, 'azure:lb', flow.frontend, flow.frontendPort, 'the load balancer puts its frontend back as source');
  return null;
}
