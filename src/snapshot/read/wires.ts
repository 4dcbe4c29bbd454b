import type { Link, WireId } from '../../linux/link.ts';
import type { Host, Netns } from '../../linux/netns.ts';
import { ZERO_MAC } from '../../wire/mac.ts';
import type { LinkEnd } from './manifest.ts';

/** Gives both ends of each wire its id. A wire to a link that does not exist, or that cannot hold one, is a problem. */
export function joinWires(machines: Readonly<Record<string, Host>>, wires: readonly (readonly [LinkEnd, LinkEnd])[]): void {
  const links = new LinkIndex();
  for (const [a, b] of wires) {
    const first = linkAt(machines, a, links);
    const second = linkAt(machines, b, links);
    if (first === null || second === null) continue;
    if (first === second) {
      b.field.fail('this wire joins a link to itself', 'two different link ends');
      continue;
    }
    const id = wireId(textOf(a), textOf(b));
    if (canHold(first, a) && canHold(second, b)) {
      plug(first, id);
      plug(second, id);
    }
  }
  links.store();
}

/** An end of a pair whose other end was not collected leads out of the model, as that of a network card does. */
export function leadOut(machines: Readonly<Record<string, Host>>): void {
  for (const { netns } of Object.values(machines)) {
    for (const { links } of Object.values(netns)) {
      for (const link of links)
        if (link.kind.type === 'veth' && link.kind.wire === null) link.kind = { type: 'end', wire: null, nic: null };
    }
  }
}

/** The id of the wire between two ends, the same whichever is named first. */
function wireId(a: string, b: string): WireId {
  return a < b ? `${a} = ${b}` : `${b} = ${a}`;
}

/** Joins the ends of veth pairs whose ends both lie in this namespace. */
export function joinPairs(at: string, links: readonly Link[], peerOf: ReadonlyMap<string, string>): void {
  const byName = new Map(links.map((link) => [link.name, link]));
  for (const link of links) {
    const peer = peerOf.get(link.name);
    const other = peer === undefined ? undefined : byName.get(peer);
    if (peer !== undefined && other !== undefined && peerOf.get(peer) === link.name)
      plug(link, wireId(`${at}/${link.name}`, `${at}/${peer}`));
  }
}

function textOf(end: LinkEnd): string {
  return `${end.machine}/${end.netns}/${end.dev}`;
}

/** The links of each namespace by name, with those that wires add. */
class LinkIndex {
  readonly #byNetns = new Map<Netns, Map<string, Link>>();

  of(netns: Netns): Map<string, Link> {
    let links = this.#byNetns.get(netns);
    if (links === undefined) this.#byNetns.set(netns, (links = new Map(netns.links.map((link) => [link.name, link]))));
    return links;
  }

  /** Gives the namespaces the links that were added. */
  store(): void {
    for (const [netns, links] of this.#byNetns) if (links.size > netns.links.length) netns.links = [...links.values()];
  }
}

function linkAt(machines: Readonly<Record<string, Host>>, end: LinkEnd, index: LinkIndex): Link | null {
  const host = Object.hasOwn(machines, end.machine) ? machines[end.machine] : undefined;
  const netns = host !== undefined && Object.hasOwn(host.netns, end.netns) ? host.netns[end.netns] : undefined;
  if (netns === undefined) {
    end.field.fail('this wire ends in a namespace that does not exist', 'a namespace that "machines" lists');
    return null;
  }
  const links = index.of(netns);
  const link = links.get(end.dev);
  if (link !== undefined) return link;
  if (netns.unmodelled.some((missing) => missing.part === 'link')) {
    const added = placeholder(end.dev, links.size + 1);
    links.set(end.dev, added);
    return added;
  }
  end.field.fail('this wire ends at a link that does not exist', `a link of ${end.machine}/${end.netns}/link.json`);
  return null;
}

/** Where the links were not collected, whatever arrives still needs an end to arrive at: the walk becomes UNKNOWN there. */
function placeholder(name: string, ifindex: number): Link {
  return {
    name,
    ifindex,
    kind: { type: 'end', wire: null, nic: null },
    mac: ZERO_MAC,
    mtuBytes: 1500,
    up: true,
    carrier: true,
    promisc: false,
    noarp: false,
    multicast: true,
    addresses: [],
    master: null,
    port: null,
  };
}

function canHold(link: Link, end: LinkEnd): boolean {
  if (link.kind.type !== 'veth' && link.kind.type !== 'end') {
    end.field.fail(`this wire ends at a ${link.kind.type} device`, 'a veth or a network card');
    return false;
  }
  if (link.kind.wire === null) return true;
  end.field.fail('this link end is in two wires', 'one wire for each link end');
  return false;
}

function plug(link: Link, wire: WireId): void {
  if (link.kind.type === 'veth' || link.kind.type === 'end') link.kind = { ...link.kind, wire };
}
