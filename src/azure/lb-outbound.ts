import { ANY, type Ipv4 } from '../wire/ipv4.ts';
import { frontendAddrs, takes } from './lb-view.ts';
import type { LbProtocol, LoadBalancer } from './load-balancer.ts';
import { memo } from './memo.ts';
import type { SnatPool } from './snat.ts';

/** Ports that one frontend address has for outbound connections. @source load-balancer-outbound-connections */
export const SNAT_PORTS_PER_ADDRESS = 64_000;
const FIRST_PORT = 1024;
/** A port used by a load-balancing or inbound NAT rule takes the eight around it. */
const BLOCK = 8;

/** Ports for each member when none are configured, by pool size. @source load-balancer-outbound-connections */
const AUTOMATIC: readonly (readonly [maxMembers: number, ports: number])[] = [
  [50, 1024],
  [100, 512],
  [200, 256],
  [400, 128],
  [800, 64],
  [1000, 32],
];

/** SNAT ports that a member gets from the automatic table; 0 above 1,000 members. */
export function automaticPorts(poolSize: number): number {
  return AUTOMATIC.find(([max]) => poolSize <= max)?.[1] ?? 0;
}

/** How many nodes a configured allocation serves. */
export function maxNodes(allocatedPorts: number, addresses: number): number {
  return Math.floor((SNAT_PORTS_PER_ADDRESS * addresses) / allocatedPorts);
}

/** What one pool member may use to reach the internet through a public load balancer. */
export interface LbOutbound {
  readonly protocol: LbProtocol;
  readonly rule: string;
  readonly lb: string;
  readonly pool: SnatPool;
}

const MINUTE_MS = 60_000;
const IMPLIED_IDLE_MINUTES = 4;
const UDP_IDLE_MINUTES = 4;

/** Outbound by NIC, primary members of pools with an outbound rule first, then pools whose load-balancing rules imply one. */
const compile = memo((lbs: LoadBalancer[]): Map<string, LbOutbound[]> => {
  const byNic = new Map<string, LbOutbound[]>();
  for (const lb of lbs) {
    if (lb.internal) continue;
    const explicit = new Set(lb.outboundRules.map((rule) => rule.pool));
    for (const rule of lb.outboundRules) {
      add(
        byNic,
        lb,
        rule.name,
        rule.pool,
        rule.protocol,
        frontendAddrs(lb, rule.frontends),
        rule.allocatedPorts,
        rule.idleMinutes,
        rule.tcpReset,
      );
    }
    const implied = new Set<string>();
    for (const rule of lb.rules) {
      if (rule.disableOutboundSnat || explicit.has(rule.pool) || implied.has(rule.pool)) continue;
      implied.add(rule.pool);
      add(byNic, lb, rule.name, rule.pool, 'all', frontendAddrs(lb, [rule.frontend]), 0, IMPLIED_IDLE_MINUTES, false);
    }
  }
  return byNic;
});

function add(
  byNic: Map<string, LbOutbound[]>,
  lb: LoadBalancer,
  rule: string,
  poolName: string,
  protocol: LbProtocol,
  addrs: readonly Ipv4[],
  allocatedPorts: number,
  idleMinutes: number,
  tcpReset: boolean,
): void {
  const members = lb.pools.find((pool) => pool.name === poolName)?.members ?? [];
  const perMember = allocatedPorts === 0 ? automaticPorts(members.length) : allocatedPorts;
  const usable = addrs.map((addr) => usableBlocks(lb, addr));
  const total = usable.reduce((sum, blocks) => sum + blocks.length * BLOCK, 0);
  members.forEach((member, position) => {
    const base = position * perMember;
    const list = byNic.get(member.nic) ?? [];
    byNic.set(member.nic, list);
    list.push({
      protocol,
      rule,
      lb: lb.name,
      pool: {
        owner: `LB/${lb.name}`,
        count: Math.max(0, Math.min(perMember, total - base)),
        addrAt: (place) => addrs[locate(usable, base + place).frontend] ?? ANY,
        portAt: (place) => locate(usable, base + place).port,
        roundRobin: false,
        idleMs: idleMinutes * MINUTE_MS,
        udpIdleMs: UDP_IDLE_MINUTES * MINUTE_MS,
        tcpReset,
        finHoldMs: 0,
        rstHoldMs: 0,
      },
    });
  });
}

/** The addresses of a rule are used up one after the other. */
function locate(usable: readonly Uint16Array[], slot: number): { frontend: number; port: number } {
  let rest = slot;
  for (let frontend = 0; frontend < usable.length; frontend++) {
    const blocks = usable[frontend];
    const ports = (blocks?.length ?? 0) * BLOCK;
    if (rest < ports) return { frontend, port: (blocks?.[Math.floor(rest / BLOCK)] ?? 0) + (rest % BLOCK) };
    rest -= ports;
  }
  return { frontend: 0, port: 0 };
}

/** First ports of the blocks that no rule on this frontend uses; a rule below port 1024 costs the last block. */
function usableBlocks(lb: LoadBalancer, addr: Ipv4): Uint16Array {
  const names = new Set(lb.frontends.filter((frontend) => frontend.addr === addr).map((frontend) => frontend.name));
  const used = new Set(
    [...lb.rules, ...lb.inboundNatRules].filter((rule) => names.has(rule.frontend)).map((rule) => Math.floor(rule.frontendPort / BLOCK)),
  );
  const blocks: number[] = [];
  for (let port = FIRST_PORT; port < FIRST_PORT + SNAT_PORTS_PER_ADDRESS; port += BLOCK) {
    if (!used.has(port / BLOCK)) blocks.push(port);
  }
  return Uint16Array.from(blocks.slice(0, SNAT_PORTS_PER_ADDRESS / BLOCK - used.size));
}

/** What a NIC may use for a protocol; null: no public load balancer serves it. */
export function lbOutbound(lbs: LoadBalancer[], nic: string, proto: number): LbOutbound | null {
  return (
    compile(lbs)
      .get(nic)
      ?.find((candidate) => takes(candidate.protocol, proto)) ?? null
  );
}
