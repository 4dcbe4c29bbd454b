import { ANY, type Ipv4 } from '../../wire/ipv4.ts';
import { SCOPE_UNIVERSE } from '../fib/scope.ts';
import { inetSelectAddr } from '../fib/select-address.ts';
import type { HookEnv } from '../netfilter/hook-env.ts';

/**
 * The address that MASQUERADE takes for a packet about to leave by `env.out`: the one of that device whose subnet holds the next hop,
 * else its first, else another device's. The route's `src` does not count. Null when the namespace has none: the packet is dropped.
 * @source net/netfilter/nf_nat_masquerade.c nf_nat_masquerade_ipv4
 */
export function masqueradeAddress(env: HookEnv): Ipv4 | null {
  const { stack, skb, out } = env;
  if (out === null) return null;
  const gateway = skb.via?.gateway ?? ANY;
  const addr = inetSelectAddr(stack.netns, out, gateway === ANY ? skb.dst : gateway, SCOPE_UNIVERSE);
  if (addr === ANY) return null;
  if (skb.ct !== null) skb.ct.masqIfindex = out.ifindex;
  return addr;
}
