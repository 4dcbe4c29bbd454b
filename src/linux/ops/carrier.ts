import type { Host, Netns } from '../netns.ts';
import { changeLink, linkOf, vethPeer } from './edit.ts';
import { refreshBridge } from './bridge.ts';

/**
 * Tells a link that its far end came or went. Losing the carrier forgets the neighbours that are not permanent; routes stay.
 * @source net/core/neighbour.c neigh_carrier_down; net/ipv4/arp.c arp_netdev_event
 */
export function setCarrier(netns: Netns, dev: string, carrier: boolean): void {
  const link = linkOf(netns, dev);
  if (link === null || link.carrier === carrier) return;
  changeLink(netns, dev, { carrier });
  if (!carrier && netns.neighbours.some((neighbour) => neighbour.dev === dev)) {
    netns.neighbours = netns.neighbours.filter((neighbour) => neighbour.dev !== dev || neighbour.state === 'permanent');
  }
  if (link.master !== null) refreshBridge(netns, link.master);
}

/** Both ends of a veth have a carrier while both are up. @source drivers/net/veth.c veth_open, veth_close */
export function refreshVeth(host: Host, netns: Netns, dev: string): void {
  const link = linkOf(netns, dev);
  if (link?.kind.type !== 'veth') return;
  const peer = vethPeer(host, netns, link);
  // An end whose peer is on another machine is told by whoever joins the two.
  if (peer === null) return;
  const carrier = link.up && peer.link.up;
  setCarrier(netns, dev, carrier);
  setCarrier(peer.netns, peer.link.name, carrier);
}
