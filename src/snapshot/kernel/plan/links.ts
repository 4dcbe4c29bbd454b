import { type BridgePort, DEFAULT_BRIDGE_PORT, type Link, type LinkKind } from '../../../linux/link.ts';
import type { Netns } from '../../../linux/netns.ts';
import { formatIpv4 } from '../../../wire/ipv4.ts';
import { upOrder } from './up-order.ts';
import { CannotBuild, onOff, word } from './word.ts';

/** The far end of a link that leads nowhere. */
export interface Sink {
  /** Its name in the namespace that holds all of them. */
  readonly dev: string;
  /** Whether somebody is taken to be there: the model assumes so of a machine's own link ends, not of the other end of a veth. */
  readonly answersArp: boolean;
  readonly at: string;
  readonly link: string;
}

/** Lines for `ip`, and the namespace in which it reads them: a number, or null for the one in which links to nowhere end. */
export interface LinkBatch {
  readonly site: number | null;
  readonly text: string;
}

export interface LinkPlan {
  /** `{N}` stands for the Nth namespace, `{out}` for the one in which links to nowhere end. */
  readonly batches: readonly LinkBatch[];
  readonly sinks: readonly Sink[];
}

/** A place in the World, by its number. */
export interface Site {
  readonly at: string;
  readonly netns: Netns;
}

interface End {
  readonly site: number;
  readonly link: Link;
}

/** One `ip link add`: a link, or both ends of a wire. */
type Birth = readonly [End] | readonly [End, End];

/**
 * Makes the links of all namespaces. The kernel keeps a namespace's devices in the order in which they came, and lends the address of
 * the first; so links are made in an order that is right in every namespace, where there is one.
 * @source net/ipv4/devinet.c inet_select_addr
 */
export function planLinks(sites: readonly Site[]): LinkPlan {
  const sinks: Sink[] = [];
  const lines: { site: number | null; line: string }[] = [];
  for (const [first, second] of inOrder(sites, birthsOf(sites))) {
    const { kind } = first.link;
    const here = `link add ${endWords(first)} netns {${first.site}}`;
    if (second !== undefined) {
      lines.push({ site: null, line: `${here} type veth peer ${endWords(second)} netns {${second.site}}` });
    } else if (kind.type === 'vxlan') {
      // The device below is looked up where ip runs.
      lines.push({ site: first.site, line: `link add ${endWords(first)} ${kindWords(kind)}` });
    } else if (kind.type === 'bridge') {
      lines.push({ site: null, line: `${here} ${kindWords(kind)}` });
    } else {
      // A veth to nowhere also stands in for kinds that the kernel may lack.
      const sink = { dev: `s${sinks.length}`, answersArp: kind.type === 'end', at: sites[first.site]?.at ?? '', link: first.link.name };
      sinks.push(sink);
      lines.push({ site: null, line: `${here} type veth peer name ${sink.dev} netns {out}` });
      // The far end is up where the near one has a carrier.
      if (first.link.carrier) lines.push({ site: null, line: `link set dev ${sink.dev} mtu 65535 arp off up` });
    }
  }
  return { batches: batches(lines), sinks };
}

function batches(lines: readonly { site: number | null; line: string }[]): LinkBatch[] {
  const found: LinkBatch[] = [];
  for (const { site, line } of lines) {
    const last = found.at(-1);
    if (last?.site === site) found.splice(-1, 1, { site, text: `${last.text}${line}\n` });
    else found.push({ site, text: `${line}\n` });
  }
  return found;
}

function wireOf({ kind }: Link): string | null {
  return kind.type === 'veth' || kind.type === 'end' ? kind.wire : null;
}

function birthsOf(sites: readonly Site[]): Birth[] {
  const open = new Map<string, End>();
  const births: Birth[] = [];
  for (const [site, { netns }] of sites.entries()) {
    for (const link of netns.links) {
      if (link.kind.type === 'loopback') continue;
      const wire = wireOf(link);
      const end = { site, link };
      const other = wire === null ? undefined : open.get(wire);
      if (wire !== null && other !== undefined) {
        open.delete(wire);
        births.push([other, end]);
      } else if (wire !== null) open.set(wire, end);
      else births.push([end]);
    }
  }
  return [...births, ...[...open.values()].map((end): Birth => [end])];
}

/** Always the first birth that no namespace wants another one before; where they want what cannot be, the first of all. */
function inOrder(sites: readonly Site[], births: readonly Birth[]): Birth[] {
  const birthOf = new Map(births.flatMap((birth) => birth.map(({ link }) => [link, birth] as const)));
  const queues = sites.map(({ netns }) => netns.links.map((link) => birthOf.get(link)).filter((birth) => birth !== undefined));
  const done = new Set<Birth>();
  const order: Birth[] = [];
  const next = (queue: Birth[]): Birth | undefined => {
    while (queue[0] !== undefined && done.has(queue[0])) queue.shift();
    return queue[0];
  };
  const ready = (birth: Birth): boolean => birth.every(({ site }) => next(queues[site] ?? []) === birth);
  while (order.length < births.length) {
    const heads = queues.map(next).filter((birth) => birth !== undefined);
    const birth = heads.find(ready) ?? heads[0];
    if (birth === undefined) break;
    done.add(birth);
    order.push(birth);
  }
  return order;
}

function endWords({ link }: End): string {
  const index = link.ifindex > 1 ? ` index ${link.ifindex}` : '';
  // A bridge takes its MTU from its ports; told at birth it would not remember it for what it cuts.
  const mtu = link.kind.type === 'bridge' ? '' : ` mtu ${link.mtuBytes}`;
  const address = link.kind.type === 'bridge' ? '' : ` address ${link.mac}`;
  return `name ${word(link.name)}${index}${address}${mtu}`;
}

function kindWords(kind: LinkKind & { type: 'bridge' | 'vxlan' }): string {
  if (kind.type === 'bridge') {
    const options = `${kind.vlanFiltering ? ' vlan_filtering 1' : ''}${kind.nfCallIptables === true ? ' nf_call_iptables 1' : ''}`;
    // With snooping the bridge would join a group, and say so a random while later.
    return `type bridge mcast_snooping 0 stp_state ${kind.stp ? 1 : 0} ageing_time ${Math.round(kind.ageingMs / 10)}${options}`;
  }
  return [
    `type vxlan id ${kind.vni} dstport ${kind.port}`,
    ...(kind.local === null ? [] : [`local ${formatIpv4(kind.local)}`]),
    ...(kind.remote === null ? [] : [`remote ${formatIpv4(kind.remote)}`]),
    ...(kind.dev === null ? [] : [`dev ${word(kind.dev)}`]),
    kind.learning ? 'learning' : 'nolearning',
    `ageing ${Math.round(kind.ageingMs / 1000)}`,
    ...(kind.ttl === null ? [] : [`ttl ${kind.ttl}`]),
    ...(kind.tos === 0 ? [] : [`tos ${kind.tos === 'inherit' ? 'inherit' : `0x${kind.tos.toString(16)}`}`]),
    `df ${kind.df}`,
    ...(kind.srcPortMin === 0 && kind.srcPortMax === 0 ? [] : [`srcport ${kind.srcPortMin} ${kind.srcPortMax}`]),
    ...(kind.proxy ? ['proxy'] : []),
  ].join(' ');
}

const DEFAULT_MTU_BYTES = 1500;

/** What is set on the links of a namespace once they are there: bridge ports, flags, addresses, up. */
export function linkLines(netns: Netns): string[] {
  const { links, fdb } = netns;
  const lines: string[] = [];
  const bridges = links.filter(({ kind }) => kind.type === 'bridge');
  const hasOwn = ({ name, mac }: Link): boolean => fdb.some((entry) => entry.dev === name && entry.master === name && entry.mac === mac);
  const setAddress = ({ name, mac }: Link): string => `link set dev ${word(name)} address ${mac}`;
  // Where a port has the same address, it belongs to whoever had it first.
  lines.push(...bridges.filter(hasOwn).map(setAddress));
  for (const { name, master } of links) if (master !== null) lines.push(`link set dev ${word(name)} master ${word(master)}`);
  lines.push(...bridges.filter((bridge) => !hasOwn(bridge)).map(setAddress));
  for (const { name, kind, mtuBytes } of links) {
    const ports = links.filter(({ master }) => master === name).map((port) => port.mtuBytes);
    const taken = ports.length === 0 ? DEFAULT_MTU_BYTES : Math.min(...ports);
    if (kind.type === 'bridge' && (kind.mtuSet === true || taken !== mtuBytes)) lines.push(`link set dev ${word(name)} mtu ${mtuBytes}`);
  }
  for (const link of links) {
    const flags = [
      ...(link.noarp && link.kind.type !== 'loopback' ? ['arp off'] : []),
      ...(link.promisc ? ['promisc on'] : []),
      ...(link.multicast || link.kind.type === 'loopback' ? [] : ['multicast off']),
    ];
    if (flags.length > 0) lines.push(`link set dev ${word(link.name)} ${flags.join(' ')}`);
    lines.push(...addressLines(link));
  }
  for (const name of upOrder(netns)) lines.push(`link set dev ${word(name)} up`);
  for (const link of links) if (link.kind.type === 'loopback') lines.push(...loopbackLines(link));
  for (const { name, port } of links) {
    const options = port === null ? '' : portWords(port);
    if (options !== '') lines.push(`link set dev ${word(name)} type bridge_slave${options}`);
  }
  return lines;
}

function addressLines({ name, addresses, kind }: Link): string[] {
  if (kind.type === 'loopback') return [];
  return addresses.map(({ local, len, peer, broadcast, scope, noprefixroute }) =>
    [
      `address add ${formatIpv4(local)}${peer === null ? `/${len}` : ` peer ${formatIpv4(peer)}/${len}`}`,
      ...(broadcast === null ? [] : [`broadcast ${formatIpv4(broadcast)}`]),
      `scope ${scope} dev ${word(name)}`,
      ...(noprefixroute ? ['noprefixroute'] : []),
    ].join(' '),
  );
}

/** The kernel gives 127.0.0.1/8 to a loopback that comes up without an address. @source net/ipv4/devinet.c inetdev_event */
function loopbackLines(link: Link): string[] {
  const isOwn = (address: Link['addresses'][number]): boolean => formatIpv4(address.local) === '127.0.0.1' && address.len === 8;
  const others = addressLines({ ...link, kind: { type: 'dummy' }, addresses: link.addresses.filter((address) => !isOwn(address)) });
  return link.up && !link.addresses.some(isOwn) ? [...others, `address del 127.0.0.1/8 dev ${word(link.name)}`] : others;
}

const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];

function portWords(port: BridgePort): string {
  const standard = DEFAULT_BRIDGE_PORT;
  const flags: [string, boolean, boolean][] = [
    ['hairpin', port.hairpin, standard.hairpin],
    ['guard', port.guard, standard.guard],
    ['learning', port.learning, standard.learning],
    ['flood', port.flood, standard.flood],
    ['mcast_flood', port.mcastFlood, standard.mcastFlood],
    ['bcast_flood', port.bcastFlood, standard.bcastFlood],
    ['neigh_suppress', port.neighSuppress, standard.neighSuppress],
    ['isolated', port.isolated, standard.isolated],
  ];
  const changed = flags.filter(([, value, usual]) => value !== usual).map(([name, value]) => ` ${name} ${onOff(value)}`);
  return changed.join('');
}

/**
 * What is set once links are up, and not before: a port that comes up begins to forward, whatever it was told, and one that is down takes
 * no state at all.
 * @throws CannotBuild for a state in which no port of a bridge without a spanning tree stays
 * @source net/bridge/br_if.c br_port_carrier_check, br_stp.c br_set_port_state, br_port_state_selection, br_make_forwarding
 */
export function portStateLines({ links }: Netns): string[] {
  return links.flatMap(({ name, port, up, carrier }) => {
    if (port === null || !up || !carrier || port.state === DEFAULT_BRIDGE_PORT.state) return [];
    if (port.state === 'disabled' || port.state === 'blocking')
      throw new CannotBuild(`the port ${name} is up and ${port.state}: the kernel makes it forward at once, or its spanning tree decides`);
    return [`link set dev ${word(name)} type bridge_slave state ${PORT_STATES.indexOf(port.state)}`];
  });
}
