import { recordOf } from '../../linux/conntrack/record.ts';
import { printEbtables } from '../../linux/netfilter/ebtables-print.ts';
import { printIpsets } from '../../linux/netfilter/ipset/print.ts';
import { printTables } from '../../linux/netfilter/print.ts';
import type { Iptables } from '../../linux/netfilter/rule.ts';
import type { Netns } from '../../linux/netns.ts';
import type { Socket } from '../../linux/socket.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Session } from '../../world/session.ts';
import type { World } from '../../world/world.ts';
import { conntrackLines } from './plan/conntrack.ts';
import { type LinkBatch, type Sink, type Site, linkLines, planLinks, portStateLines } from './plan/links.ts';
import { fdbLines, fixedNeighbourLines, learnedNeighbourLines } from './plan/neighbours.ts';
import { routePlan, ruleLines } from './plan/routes.ts';
import { type Baseline, type SysctlWrite, planSysctls } from './plan/sysctls.ts';
import { batch } from './plan/word.ts';

/** What one namespace needs, each part the text that its tool reads. */
export interface NetnsPlan {
  /** `MACHINE/NETNS`. */
  readonly name: string;
  readonly sysctls: readonly SysctlWrite[];
  /** For `ip`: bridge ports, flags, addresses, up. */
  readonly addresses: string;
  readonly expectUp: readonly string[];
  /** For `ip`, once all that is expected is up: the states of bridge ports. */
  readonly portStates: string;
  readonly routes: readonly (readonly [words: string, line: string])[];
  /** For `ip`: policy rules, fixed neighbours. */
  readonly policy: string;
  readonly fdb: string;
  readonly ipset: string;
  readonly iptables: string;
  readonly iptablesLegacy: string;
  readonly ebtables: string;
  readonly sockets: readonly SocketPlan[];
  /** What earlier packets left behind: for `ip`, `bridge` and `conntrack`. */
  readonly neighbours: string;
  readonly learned: string;
  readonly conntrack: string;
  /** Whether rules remember packets, so that forgetting means to load them again. */
  readonly remembers: boolean;
}

export interface SocketPlan {
  readonly proto: 'tcp' | 'udp';
  readonly addr: string | null;
  readonly port: number;
  readonly dev: string | null;
  readonly peer: readonly [addr: string, port: number] | null;
  readonly answers: boolean;
}

/** A World as the helper builds it in the running kernel. */
export interface LabPlan {
  readonly namespaces: readonly NetnsPlan[];
  readonly links: readonly LinkBatch[];
  readonly sinks: readonly Sink[];
  readonly vxlanPorts: readonly number[];
}

/** The namespaces of a World, in the order in which everybody counts them. */
export function sitesOf(world: World): Site[] {
  return Object.values(world.machines).flatMap((host) =>
    Object.values(host.netns).map((netns) => ({ at: `${host.name}/${netns.name}`, netns })),
  );
}

/**
 * Writes down what the running kernel needs to become a World in the state of a session.
 * @param cold start from nothing that packets have taught
 * @throws CannotBuild when a part of it has no words
 */
export function planLab(world: World, session: Session, baseline: Baseline, cold: boolean): LabPlan {
  const sites = sitesOf(world);
  const { batches, sinks } = planLinks(sites);
  return {
    namespaces: sites.map((site) => planNetns(site, session, baseline, cold)),
    links: batches,
    sinks,
    vxlanPorts: [...vxlanPortsOf(world)],
  };
}

/** The UDP ports of vxlan devices. */
export function vxlanPortsOf(world: World): Set<number> {
  return new Set(sitesOf(world).flatMap(({ netns }) => netns.links.flatMap(({ kind }) => (kind.type === 'vxlan' ? [kind.port] : []))));
}

function planNetns({ at, netns }: Site, session: Session, baseline: Baseline, cold: boolean): NetnsPlan {
  const taught = cold ? undefined : session.netns.get(at);
  const records = taught?.conntrack.list(session.clock.nowMs).map((entry) => recordOf(entry, session.clock.nowMs)) ?? [];
  const fdb = taught?.fdb ?? new Map();
  return {
    name: at,
    sysctls: planSysctls(netns, baseline),
    addresses: batch(linkLines(netns)),
    expectUp: netns.links.filter(({ up, carrier }) => up && carrier).map(({ name }) => name),
    portStates: batch(portStateLines(netns)),
    routes: routePlan(netns),
    policy: batch([...ruleLines(netns.rules), ...fixedNeighbourLines(netns)]),
    fdb: batch(fdbLines(netns, 'fixed', new Map())),
    ipset: ipsetLines(netns.ipsets),
    iptables: printTables(netns.iptables),
    iptablesLegacy: printTables(netns.iptablesLegacy ?? {}),
    ebtables: printEbtables(netns.ebtables ?? {}),
    sockets: socketPlans(netns.sockets, vxlanPortsHere(netns)),
    neighbours: cold ? '' : batch(learnedNeighbourLines(netns, taught?.neighbours ?? new Map())),
    learned: cold ? '' : batch(fdbLines(netns, 'learned', fdb)),
    conntrack: batch(conntrackLines(records)),
    remembers: remembers(netns.iptables) || remembers(netns.iptablesLegacy ?? {}),
  };
}

/** Loaded once more, sets forget what packets have added. */
function ipsetLines(ipsets: Netns['ipsets']): string {
  const lines = printIpsets(ipsets);
  return lines === '' ? '' : `flush\n${lines}`;
}

function vxlanPortsHere(netns: Netns): Set<number> {
  return new Set(netns.links.flatMap(({ kind, up }) => (kind.type === 'vxlan' && up ? [kind.port] : [])));
}

/** The sockets to open; the kernel opens those of its tunnels itself. */
function socketPlans(sockets: readonly Socket[], kernelPorts: ReadonlySet<number>): SocketPlan[] {
  return sockets
    .filter(({ proto, port }) => proto !== 'udp' || !kernelPorts.has(port))
    .map(({ proto, addr, port, dev, peer, answers }) => ({
      proto,
      addr: addr === null ? null : formatIpv4(addr),
      port,
      dev,
      peer: peer === null ? null : [formatIpv4(peer.addr), peer.port],
      answers,
    }));
}

/** Whether a rule behaves differently after it has met a packet. */
function remembers(tables: Iptables): boolean {
  return Object.values(tables).some(({ chains }) =>
    chains.some(({ rules }) =>
      rules.some(
        ({ matches, target }) =>
          target.t === 'SET' ||
          matches.some((match) => match.m === 'limit' || match.m === 'recent' || (match.m === 'statistic' && match.mode === 'nth')),
      ),
    ),
  );
}
