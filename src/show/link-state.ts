import type { Link } from '../linux/link.ts';
import type { NetnsView } from './listing.ts';

/** `eth0@if7`: a link with what it hangs on, as iproute2 names it. */
export function linkName({ name, kind }: Link, view: NetnsView): string {
  if (kind.type === 'vlan') return `${name}@${kind.lower}`;
  const peer = view.peer(name);
  return kind.type !== 'veth' || peer === null ? name : `${name}@${peer.name}`;
}

/** `UP`, `DOWN`, `UNKNOWN` … @source Documentation/networking/operstates.rst; net/core/link_watch.c default_operstate */
export function operState({ kind, up, carrier }: Link): string {
  if (!up) return 'DOWN';
  switch (kind.type) {
    case 'loopback':
    case 'dummy':
    case 'vxlan':
    case 'unknown':
      return 'UNKNOWN';
    case 'bridge':
    case 'end':
      return carrier ? 'UP' : 'DOWN';
    case 'veth':
    case 'vlan':
      return carrier ? 'UP' : 'LOWERLAYERDOWN';
  }
}

/** `<BROADCAST,MULTICAST,UP,LOWER_UP>`. @source iproute2 6.1 ip/ipaddress.c print_link_flags */
export function linkFlags(link: Link, view: NetnsView): string {
  const loopback = link.kind.type === 'loopback';
  const flags: [string, boolean][] = [
    ['NO-CARRIER', link.up && !link.carrier],
    ['LOOPBACK', loopback],
    ['BROADCAST', !loopback],
    ['MULTICAST', link.multicast],
    ['NOARP', link.noarp],
    ['PROMISC', link.promisc],
    ['UP', link.up],
    ['LOWER_UP', link.up && link.carrier],
    ['M-DOWN', link.kind.type === 'veth' && view.peer(link.name)?.isDown === true],
  ];
  return `<${flags
    .filter(([, isSet]) => isSet)
    .map(([flag]) => flag)
    .join(',')}>`;
}
