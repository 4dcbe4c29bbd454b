import type { Link } from '../linux/link.ts';
import { ZERO_MAC } from '../wire/mac.ts';
import { linkFlags, linkName, operState } from './link-state.ts';
import { type NetnsView, type Row, row } from './listing.ts';

/** The devices as `ip -o link` prints them: one line each, with master, MTU and Ethernet address. */
export function linkRows(view: NetnsView): readonly Row[] {
  return view.netns.links.toSorted((a, b) => a.ifindex - b.ifindex).map((link) => row(linkLine(link, view), link.name));
}

/** @source iproute2 6.1 ip/ipaddress.c print_linkinfo */
function linkLine(link: Link, view: NetnsView): string {
  const loopback = link.kind.type === 'loopback';
  const far = link.kind.type === 'veth' ? (view.peer(link.name)?.netns ?? null) : null;
  const master = link.master === null ? '' : ` master ${link.master}`;
  return [
    `${link.ifindex}: ${linkName(link, view)}: ${linkFlags(link, view)} mtu ${link.mtuBytes} qdisc ${queueing(link)}${master} state ${operState(link)}`,
    ` mode DEFAULT group default qlen 1000\\    link/${loopback ? 'loopback' : 'ether'} ${link.mac}`,
    ` brd ${loopback ? ZERO_MAC : 'ff:ff:ff:ff:ff:ff'}${far === null ? '' : ` link-netns ${far}`}`,
  ].join('');
}

/** A NIC of Azure has several queues, what is made of software none; where the device is down, nothing is queued at all. */
function queueing({ kind, up }: Link): string {
  if (!up) return 'noop';
  return kind.type === 'end' ? 'mq' : 'noqueue';
}
