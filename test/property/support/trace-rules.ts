import type { Link } from '../../../src/linux/link.ts';
import { printSpecification } from '../../../src/linux/netfilter/print.ts';
import { violations } from '../../../src/trace/invariants.ts';
import type { ArpHeader, Header, Hop, Leg, RuleRef, Trace } from '../../../src/trace/trace.ts';
import { formatIpv4 } from '../../../src/wire/ipv4.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';

/** What is wrong with a trace of a world, one sentence each. */
export type TraceRule = (trace: Trace, world: FrozenWorld) => string[];

/** The IP header of one side of a hop; null where there is none. */
function ipHeader(header: Header | ArpHeader | undefined): Header | null {
  return header === undefined || 'op' in header ? null : header;
}

/** The packet as it leaves a hop's rules to be delivered there: what came in by the wire, translated. */
function asDelivered(hop: Hop | undefined): Header | null {
  const came = ipHeader(hop?.rx);
  return came === null ? null : (hop?.steps ?? []).reduce((header, { after }) => ({ ...header, ...after }), came);
}

function legOf(trace: Trace, kind: Leg['kind']): Leg | null {
  return trace.legs.find((leg) => leg.kind === kind) ?? null;
}

/** Every leg with its copies. */
function legsOf(trace: Trace): Leg[] {
  const all = (leg: Leg): Leg[] => [leg, ...(leg.copies ?? []).flatMap(all)];
  return trace.legs.flatMap(all);
}

function netnsOf(
  world: FrozenWorld,
  at: string,
): { readonly links: readonly Link[]; readonly machine: string; readonly netns: string } | null {
  const [machine = '', netns = ''] = at.split('/');
  const tables = world.machines[machine]?.netns[netns];
  return tables === undefined ? null : { links: tables.links, machine, netns };
}

/** The device by which a frame from a link end comes out elsewhere, as `MACHINE/NETNS DEV`, or the NIC that it is. */
function farEnd(world: FrozenWorld, at: string, dev: string): string | null {
  const near = netnsOf(world, at);
  const link = near?.links.find(({ name }) => name === dev);
  if (near === null || link === undefined) return null;
  const { kind } = link;
  if (kind.type === 'end' && kind.nic !== null) return `nic ${kind.nic}`;
  if ((kind.type !== 'veth' && kind.type !== 'end') || kind.wire === null) return null;
  for (const [machine, host] of Object.entries(world.machines)) {
    for (const [netns, { links }] of Object.entries(host.netns)) {
      const far = links.find((one) => one !== link && (one.kind.type === 'veth' || one.kind.type === 'end') && one.kind.wire === kind.wire);
      if (far !== undefined) return `${machine}/${netns} ${far.name}`;
    }
  }
  return null;
}

/** The structural promises of the trace contract, and that what is named exists in the world that was walked. */
export const isSound: TraceRule = (trace, world) => [
  ...violations(trace),
  ...(trace.legs[0]?.kind === 'request' ? [] : ['the first leg is not the request']),
  ...inOneCount(trace),
  ...legsOf(trace).flatMap((leg) => [...isOrdered(leg), ...rulesExist(leg, world)]),
  ...trace.legs.flatMap((leg) => isConnected(leg, world)),
  ...endsAgree(trace),
];

/** Steps are numbered from 1 without a gap. */
function inOneCount(trace: Trace): string[] {
  const numbers = legsOf(trace).flatMap((leg) => leg.hops.flatMap((hop) => hop.steps.map(({ seq }) => seq)));
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted.every((seq, i) => seq === i + 1) ? [] : [`steps are numbered ${sorted.join(' ')}`];
}

/** One packet's steps are in the order of time; fragments cross side by side. */
function isOrdered(leg: Leg): string[] {
  if (leg.fragments !== undefined) return [];
  const numbers = leg.hops.flatMap((hop) => hop.steps.map(({ seq }) => seq));
  return numbers.every((seq, i) => i === 0 || seq > (numbers[i - 1] ?? 0))
    ? []
    : [`steps of a ${leg.kind} are numbered ${numbers.join(' ')}`];
}

/** Hops follow each other by wires that are there: a namespace's link end into its far end, or into the fabric and out of it. */
function isConnected(leg: Leg, world: FrozenWorld): string[] {
  const found: string[] = [];
  const hops = leg.hops.filter((hop) => hop.in !== undefined || hop.out !== undefined);
  for (const [i, hop] of hops.entries()) {
    const next = hops[i + 1];
    if (i > 0 && hop.in === undefined) found.push(`hop ${i + 1} of a ${leg.kind}, at ${hop.at}, came in by no device`);
    if (next === undefined) continue;
    if (hop.out === undefined || hop.tx === undefined) {
      found.push(`a ${leg.kind} goes on behind ${hop.at}, which it never left`);
      continue;
    }
    const far = hop.at.startsWith('fabric/') ? `nic ${hop.out}` : farEnd(world, hop.at, hop.out);
    const into = next.at.startsWith('fabric/') ? `nic ${next.in ?? ''}` : farOf(world, next, hop);
    if (far !== into && !leavesAzure(world, hop, next))
      found.push(`a ${leg.kind} leaves ${hop.at} by ${hop.out} to ${far ?? 'nowhere'} and comes in at ${into ?? 'nowhere'}`);
    const [sent, received] = [ipHeader(hop.tx), ipHeader(next.rx)];
    if (sent !== null && received !== null && sent.ttl !== received.ttl)
      found.push(`the TTL changed on the wire from ${hop.at} to ${next.at}`);
    if (sent !== null && received !== null && sent.mss !== received.mss)
      found.push(`the MSS changed on the wire from ${hop.at} to ${next.at}`);
  }
  return found;
}

function farOf(world: FrozenWorld, { at, in: dev = '' }: Hop, before: Hop): string | null {
  return before.at.startsWith('fabric/') ? farEnd(world, at, dev) : `${at} ${dev}`;
}

/** Hosts outside of Azure hang on no NIC: the fabric names them by themselves. */
function leavesAzure(world: FrozenWorld, hop: Hop, next: Hop): boolean {
  const names = (world.fabric?.externalHosts ?? []).map(({ name }) => name);
  const [fabric, other, end] = hop.at.startsWith('fabric/') ? [hop, next, hop.out] : [next, hop, next.in];
  return (
    fabric.at.startsWith('fabric/') &&
    names.some((name) => (end === name || end === 'internet' || end === 'onprem') && other.at.startsWith(`${name}/`))
  );
}

/** A rule that a step names stands in that table, chain and place of that namespace, with that text. */
function rulesExist(leg: Leg, world: FrozenWorld): string[] {
  return leg.hops.flatMap(({ at, steps }) => {
    const [machine = '', netns = ''] = at.split('/');
    const tables = world.machines[machine]?.netns[netns]?.iptables;
    return steps.flatMap(({ stage, rule }) => {
      if (rule === undefined) return [];
      if (!stage.startsWith(`${rule.table}:`)) return [`a rule of ${rule.table} decided at ${stage}`];
      return hasRule(rule, tables) ? [] : [`${at} has no rule ${rule.table}:${rule.chain}[${rule.index}] ${rule.text}`];
    });
  });
}

type Tables = NonNullable<FrozenWorld['machines'][string]>['netns'][string]['iptables'];

function hasRule({ table, chain, index, text }: RuleRef, tables: Tables | undefined): boolean {
  const found = Object.values(tables ?? {}).find((one) => one.name === table);
  const rule = found?.chains.find(({ name }) => name === chain)?.rules[index - 1];
  return rule !== undefined && text === `-A ${chain}${printSpecification(rule)}`;
}

/** What the sender and the receiver see is what the hops at both ends show. */
function endsAgree(trace: Trace): string[] {
  const found: string[] = [];
  const { delivered, reply } = trace;
  const request = legOf(trace, 'request');
  const last = request?.hops.at(-1);
  const seen = asDelivered(last);
  if (delivered !== null && request?.fragments === undefined && seen !== null && last !== undefined && !last.at.startsWith('fabric/')) {
    if (last.at !== delivered.at) found.push(`the request ends at ${last.at} and is delivered at ${delivered.at}`);
    if (text(seen, 'src') !== delivered.src || text(seen, 'dst') !== delivered.dst)
      found.push(`the receiver sees ${delivered.src} -> ${delivered.dst} of ${text(seen, 'src')} -> ${text(seen, 'dst')}`);
    if (seen.ttl !== delivered.ttl) found.push(`it arrives with TTL ${seen.ttl} and is delivered with ${delivered.ttl}`);
  }
  const answer = asDelivered(legOf(trace, 'reply')?.hops.at(-1));
  if (reply !== null && answer !== null && text(answer, 'src') !== reply.from)
    found.push(`the sender sees an answer of ${reply.from}, and ${text(answer, 'src')} arrives`);
  return found;
}

/** `ADDRESS:PORT`, or the bare address of a protocol without ports. */
function text({ proto, src, dst, sport, dport }: Header, side: 'src' | 'dst'): string {
  const port = side === 'src' ? sport : dport;
  return proto === 'icmp' || port === undefined ? (side === 'src' ? src : dst) : `${side === 'src' ? src : dst}:${port}`;
}

/** The TTL falls by one where a namespace forwards by its routes, and nowhere else: not on a bridge, not in the fabric. */
export const ttlFallsPerHop: TraceRule = (trace, world) =>
  trace.legs.flatMap((leg) =>
    leg.hops.flatMap((hop) => {
      const [rx, tx] = [ipHeader(hop.rx), ipHeader(hop.tx)];
      if (rx === null || tx === null) return [];
      const forwarded = hop.steps.filter(({ stage, verb }) => stage === 'forward' && verb === 'ROUTED').length;
      const expected = hop.at.startsWith('fabric/') ? 0 : onOneBridge(hop, world) ? Math.min(1, forwarded) : 1;
      return rx.ttl - tx.ttl === expected ? [] : [`${hop.at} makes TTL ${tx.ttl} of ${rx.ttl}, not ${rx.ttl - expected}`];
    }),
  );

/** In and out by ports of one bridge: the frame may have been switched, or taken up and routed back. */
function onOneBridge(hop: Hop, world: FrozenWorld): boolean {
  const links = netnsOf(world, hop.at)?.links ?? [];
  const master = (dev: string | undefined): string | null => links.find(({ name }) => name === dev)?.master ?? null;
  return master(hop.in) !== null && master(hop.in) === master(hop.out);
}

/** Whoever asked gets the answer of whom it asked: address and port as sent, to the socket that sent. */
export const replyIsUntranslated: TraceRule = (trace) => {
  const { probe, reply } = trace;
  if (reply === null) return [];
  const asked = probe.dport === undefined ? probe.dst : `${probe.dst}:${probe.dport}`;
  const found = reply.from === asked ? [] : [`asked ${asked} and was answered by ${reply.from}`];
  const arrived = asDelivered(legOf(trace, 'reply')?.hops.at(-1));
  if (arrived !== null && (arrived.dst !== probe.src || (probe.dport !== undefined && arrived.dport !== probe.sport)))
    found.push(`${probe.src}:${probe.sport} asked, and the answer went to ${text(arrived, 'dst')}`);
  return found;
};

/** I1: between two pods nobody touches an address. */
export const podsMeetThemselves: TraceRule = (trace, { cluster }) => {
  const pods = new Set(cluster?.objects.pods.filter(({ hostNetwork }) => !hostNetwork).flatMap(({ podIPs }) => podIPs));
  const { src, dst } = trace.probe;
  if (src === null || !pods.has(src) || !pods.has(dst)) return [];
  const headers = (legOf(trace, 'request')?.hops ?? []).flatMap(({ rx, tx }) => [ipHeader(rx), ipHeader(tx)]);
  const changed = headers.find((header) => header !== null && (header.src !== src || header.dst !== dst));
  return changed === undefined || changed === null ? [] : [`${src} -> ${dst} became ${changed.src} -> ${changed.dst}`];
};

/** I2: a reply passes every namespace that translated the request, the last one first. */
export const replyCrossesTranslators: TraceRule = (trace) => {
  if (trace.reply === null) return [];
  const translators = Object.entries(trace.conntrack)
    .filter(([, entries]) => entries.some(({ status }) => status.includes('snat') || status.includes('dnat')))
    .map(([at]) => at);
  const there = (legOf(trace, 'request')?.hops ?? []).map(({ at }) => at).filter((at) => translators.includes(at));
  const back = (legOf(trace, 'reply')?.hops ?? []).map(({ at }) => at).filter((at) => translators.includes(at));
  return String(there.toReversed()) === String(back)
    ? []
    : [`the request was translated at ${there.join(', ')}, the reply came by ${back.join(', ')}`];
};

/** I3: what a NIC without IP forwarding sends or takes has its own addresses, or belongs to a flow that the load balancer admitted. */
export const nicsKeepTheirAddresses: TraceRule = (trace, world) => {
  const { fabric } = world;
  if (fabric === null) return [];
  const frontends = new Set(fabric.loadBalancers.flatMap(({ frontends: list }) => list.map(({ addr }) => formatIpv4(addr))));
  const own = new Map(
    fabric.nics
      .filter((nic) => !nic.enableIPForwarding)
      .map(({ name, ipconfigs }) => [name, ipconfigs.map(({ addr }) => formatIpv4(addr))]),
  );
  return trace.legs.flatMap(({ hops }) =>
    hops.flatMap((hop) => {
      if (!hop.at.startsWith('fabric/') || hop.out === undefined) return [];
      const [sent, taken] = [ipHeader(hop.rx)?.src ?? '', ipHeader(hop.tx)?.dst ?? ''];
      const isForeign = (nic: string | undefined, addr: string): boolean =>
        own.get(nic ?? '')?.includes(addr) === false && !frontends.has(addr);
      return [
        ...(isForeign(hop.in, sent) ? [`${hop.in} sent a packet of ${sent}`] : []),
        ...(isForeign(hop.out, taken) ? [`${hop.out} took a packet for ${taken}`] : []),
      ];
    }),
  );
};

/** I13: the MSS that arrives is the one that was sent less what each crossing takes; answers of the host itself cross nothing. */
export const mssLosesPerCrossing: TraceRule = (trace, world) =>
  (trace.delivered === null ? [] : trace.legs).flatMap(({ kind, hops }) => {
    const [first, last] = [ipHeader(hops[0]?.tx), ipHeader(hops.at(-1)?.rx)];
    if (first?.mss === undefined || last?.mss === undefined) return [];
    const crossings = hops.filter((hop) => hop.at.startsWith('fabric/') && hop.in !== undefined && hop.out !== undefined).length;
    const expected = first.mss - crossings * (world.fabric?.mssDeltaBytes ?? 0);
    return last.mss === expected
      ? []
      : [`a ${kind} with MSS ${first.mss} crosses the fabric ${crossings} times and arrives with ${last.mss}`];
  });
