import type { Link } from '../link.ts';
import { type Host, type Netns, ROOT } from '../netns.ts';

/** The link of a name; null when there is none. The newest are looked at first: they are what operations are about. */
export function linkOf(netns: Netns, name: string): Link | null {
  return netns.links.findLast((link) => link.name === name) ?? null;
}

/** The namespace of a name; null when there is none. */
export function netnsOf(host: Host, name: string): Netns | null {
  return Object.hasOwn(host.netns, name) ? (host.netns[name] ?? null) : null;
}

/**
 * Puts a changed copy in the place of a link. Links are shared between namespaces and with earlier versions of the tables, so none is
 * ever written to.
 */
export function changeLink(netns: Netns, name: string, change: Partial<Link>): void {
  netns.links = netns.links.map((link) => (link.name === name ? changed(link, change) : link));
}

/** Written out, not spread: a spread copy gets a hidden class of its own when it is frozen (V8), and there are many links. */
function changed(link: Link, change: Partial<Link>): Link {
  return {
    name: change.name ?? link.name,
    ifindex: change.ifindex ?? link.ifindex,
    kind: change.kind ?? link.kind,
    mac: change.mac ?? link.mac,
    mtuBytes: change.mtuBytes ?? link.mtuBytes,
    up: change.up ?? link.up,
    carrier: change.carrier ?? link.carrier,
    promisc: change.promisc ?? link.promisc,
    noarp: change.noarp ?? link.noarp,
    multicast: change.multicast ?? link.multicast,
    addresses: change.addresses ?? link.addresses,
    master: change.master === undefined ? link.master : change.master,
    port: change.port === undefined ? link.port : change.port,
  };
}

/** The next free interface number. @source net/core/dev.c dev_new_index */
export function nextIfindex(netns: Netns): number {
  return netns.links.reduce((highest, link) => Math.max(highest, link.ifindex), 0) + 1;
}

/** Where a link is: a namespace of the machine and the link itself. */
export interface Located {
  readonly netns: Netns;
  readonly link: Link;
}

/**
 * The other end of a veth; null when it is gone or on another machine. The newest links of the same namespace and of the first are looked
 * at before all others, for that is where a pair's ends usually are.
 */
export function vethPeer(host: Host, netns: Netns, link: Link): Located | null {
  const { kind } = link;
  if (kind.type !== 'veth' || kind.wire === null) return null;
  const { wire } = kind;
  const peerIn = (where: Netns | null): Located | null => {
    const peer = where?.links.findLast((other) => wireOf(other) === wire && !(where === netns && other.name === link.name));
    return where === null || peer === undefined ? null : { netns: where, link: peer };
  };
  const near = peerIn(netns) ?? (netns.name === ROOT ? null : peerIn(netnsOf(host, ROOT)));
  if (near !== null) return near;
  for (const where of Object.values(host.netns).reverse()) {
    const peer = peerIn(where);
    if (peer !== null) return peer;
  }
  return null;
}

function wireOf(link: Link): string | null {
  return link.kind.type === 'veth' ? link.kind.wire : null;
}

/** Whether a text may name a device. @source net/core/dev.c dev_valid_name */
export function isDeviceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..';
}
