import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import type { CompiledNetns } from '../compiled-netns.ts';
import type { Device } from '../device.ts';
import { SCOPE_UNIVERSE } from '../fib/scope.ts';
import { inetSelectAddr } from '../fib/select-address.ts';
import type { Netns } from '../netns.ts';
import type { Skb } from '../skb.ts';
import type { CtEntry } from './entry.ts';

/**
 * The address that MASQUERADE takes for a packet about to leave by `out`: the one of that device whose subnet holds the next hop, else its
 * first, else another device's. The route's `src` does not count. ANY when the namespace has none: the packet is dropped.
 * @source net/netfilter/nf_nat_masquerade.c nf_nat_masquerade_ipv4
 */
export function masqueradeAddress(netns: CompiledNetns, skb: Skb, out: Device): Ipv4 {
  const gateway = skb.via?.gateway ?? ANY;
  return inetSelectAddr(netns, out, gateway === ANY ? skb.dst : gateway, SCOPE_UNIVERSE);
}

/**
 * Whether a connection that only a listing told of may be one that MASQUERADE bound to another device than `out`: it has the address of
 * that one, and there are rules that masquerade. The kernel would forget it.
 * @source net/netfilter/nf_nat_core.c nf_nat_oif_changed
 */
export function mayHaveMoved(netns: CompiledNetns, skb: Skb, { replyDst }: CtEntry, out: Device): boolean {
  if (!masquerades(netns.tables) || masqueradeAddress(netns, skb, out) === replyDst) return false;
  return !has(out, replyDst) && netns.devices.some((device) => has(device, replyDst));
}

function has({ addresses }: Device, addr: Ipv4): boolean {
  return addresses.some(({ local }) => local === addr);
}

const known = new WeakMap<Netns, boolean>();

function masquerades(netns: Netns): boolean {
  let found = known.get(netns);
  if (found === undefined) {
    const tables = [netns.iptables.nat, netns.iptablesLegacy?.nat];
    found = tables.some((table) => table?.chains.some(({ rules }) => rules.some(({ target }) => target.t === 'MASQUERADE')) === true);
    known.set(netns, found);
  }
  return found;
}
