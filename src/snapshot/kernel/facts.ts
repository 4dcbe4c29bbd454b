import type { Host, Netns } from '../../linux/netns.ts';
import { explicitSysctls } from '../../linux/sysctl.ts';
import type { Hop, Leg, Step, Trace } from '../../trace/trace.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import type { World } from '../../world/world.ts';

/**
 * What a walk met, as short stable words: `target DNAT`, `match set`, `drop IP_RPFILTER`, `icmp 3/4`, `route blackhole`,
 * `sysctl proxy_arp`. Agreement with the kernel is counted by them: a behaviour is proven by the probes that met it.
 *
 * Rules, routes, drops and legs are facts of the walk itself. A sysctl, an ipset type or a port flag is a fact of a walk that visited a
 * namespace in which it differs from the kernel's default.
 */
export function factsOf(trace: Trace, world: World): Set<string> {
  const facts = new Set<string>([`outcome ${trace.outcome}`, `proto ${trace.probe.proto}`]);
  if (trace.errno !== null) facts.add(`errno ${trace.errno}`);
  for (const { type, code } of trace.icmpErrors) facts.add(`icmp ${type}/${code}`);
  for (const entries of Object.values(trace.conntrack))
    for (const { status } of entries) for (const flag of status) facts.add(`status ${flag}`);
  const visited = new Set<string>();
  for (const leg of trace.legs) ofLeg(leg, facts, visited, world);
  if (![...facts].some((fact) => fact.startsWith('stage conntrack:'))) facts.add('no conntrack');
  for (const at of visited) {
    const netns = netnsAt(world.machines, at);
    if (netns !== undefined) ofNetns(netns, facts);
  }
  return facts;
}

function ofLeg(leg: Leg, facts: Set<string>, visited: Set<string>, world: World): void {
  facts.add(`leg ${leg.kind}`);
  if (leg.fragments !== undefined) facts.add('fragments');
  if (leg.copies !== undefined) facts.add('copies');
  for (const hop of leg.hops) {
    visited.add(hop.at);
    ofHop(hop, facts, world);
    for (const step of hop.steps) ofStep(step, facts);
  }
  for (const copy of leg.copies ?? []) ofLeg(copy, facts, visited, world);
}

function ofHop({ at, rx, tx, through, steps }: Hop, facts: Set<string>, { machines }: World): void {
  if (through !== undefined) facts.add('through');
  if (rx !== undefined && 'ttl' in rx && tx !== undefined && 'ttl' in tx && rx.ttl === tx.ttl) facts.add('bridged');
  const dmac = tx !== undefined && 'inner' in tx ? tx.inner?.dmac : undefined;
  for (const { stage, verb, text } of steps) {
    const netns = stage === 'vxlan' && verb === 'ENCAPSULATED' ? netnsAt(machines, at) : undefined;
    if (netns !== undefined && typeof dmac === 'string') facts.add(`VTEP ${vtepOrigin(netns, dmac, text)}`);
  }
}

const TUNNELLED = /^(\S+): VNI \d+ to VTEP (\S+)$/;

/** Who named the far end of a tunnel: an entry for the station that somebody made, one for all stations or the link itself, or traffic. */
function vtepOrigin({ fdb, links }: Netns, dmac: string, text: string): 'static' | 'default' | 'learned' {
  const [, dev, vtep] = TUNNELLED.exec(text) ?? [];
  const named = fdb.filter(
    (entry) => entry.dev === dev && entry.dst !== null && formatIpv4(entry.dst) === vtep && entry.state !== 'learned',
  );
  if (named.some(({ mac }) => mac === dmac)) return 'static';
  if (named.some(({ mac }) => mac === ZERO_MAC)) return 'default';
  const kind = links.find(({ name }) => name === dev)?.kind;
  const remote = kind?.type === 'vxlan' ? kind.remote : null;
  return remote !== null && formatIpv4(remote) === vtep ? 'default' : 'learned';
}

function ofStep(step: Step, facts: Set<string>): void {
  facts.add(`stage ${step.stage}`);
  facts.add(`stage ${step.stage} ${step.verb}`);
  if (step.reason !== undefined && step.verb !== 'UNKNOWN') facts.add(`drop ${step.reason}`);
  if (step.policy !== undefined) facts.add(`policy ${step.policy.verdict.toUpperCase()}`);
  if (step.route !== undefined) {
    facts.add(`route ${step.route.type}`);
    if (!BUILT_IN_TABLES.has(step.route.table)) facts.add('route in another table');
    if (step.route.metric !== undefined) facts.add('route with metric');
  }
  if (step.neigh !== undefined) facts.add(`neighbour ${step.neigh.state.toLowerCase()}`);
  if (step.rule !== undefined) ofRule(step.rule.text, step.rule.table, facts);
}

const BUILT_IN_TABLES: ReadonlySet<string> = new Set(['main', 'local', '254', '255']);

/** The modules that a rule names. A quoted comment may hold anything, so it is taken out first. */
function ofRule(text: string, table: string, facts: Set<string>): void {
  const words = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  facts.add(`table ${table}`);
  for (const [, module] of words.matchAll(/ -m (\S+)/g)) facts.add(`match ${module}`);
  for (const [, selector] of words.matchAll(/ -([sdiof]) /g)) facts.add(`selector ${selector}`);
  if (/ ! -/.test(words)) facts.add('selector !');
  const target = / -([jg]) (\S+)/.exec(words);
  if (target?.[1] === 'g') facts.add('goto');
  else if (target?.[2] !== undefined) facts.add(TARGETS.test(target[2]) ? `target ${target[2]}` : 'jump');
  const reject = / --reject-with (\S+)/.exec(words);
  if (reject !== null) facts.add(`reject ${reject[1]}`);
  if (/ --set-x?mark | --and-mark | --or-mark | --xor-mark /.test(words)) facts.add('set mark');
}

const TARGETS =
  /^(?:ACCEPT|DROP|RETURN|REJECT|DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|MARK|CONNMARK|CT|NOTRACK|LOG|NFLOG|TCPMSS|TTL|TOS|DSCP|SET|CLASSIFY|TRACE)$/;

function netnsAt(machines: Readonly<Record<string, Host>>, at: string): Netns | undefined {
  const slash = at.indexOf('/');
  const machine = at.slice(0, slash);
  const host = Object.hasOwn(machines, machine) ? machines[machine] : undefined;
  const name = at.slice(slash + 1);
  return host !== undefined && Object.hasOwn(host.netns, name) ? host.netns[name] : undefined;
}

function ofNetns(netns: Netns, facts: Set<string>): void {
  for (const [name] of explicitSysctls(netns.sysctls)) facts.add(`sysctl ${name.slice(name.lastIndexOf('.') + 1)}`);
  for (const { type } of netns.ipsets) facts.add(`ipset ${type}`);
  for (const { kind, port } of netns.links) {
    facts.add(`link ${kind.type}`);
    if (port === null) continue;
    if (port.hairpin) facts.add('port hairpin');
    if (port.isolated) facts.add('port isolated');
    if (!port.learning) facts.add('port learning off');
    if (!port.flood) facts.add('port flood off');
  }
  if (netns.proxyNeighbours.length > 0) facts.add('proxy neighbour');
  if (netns.rules.length > 3) facts.add('policy rules');
  if (netns.iptablesLegacy !== null) facts.add('iptables-legacy');
}
