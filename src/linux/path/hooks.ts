import type { Device } from '../device.ts';
import { FORWARD, type Hook, INPUT, OUTPUT, POSTROUTING, PREROUTING } from '../netfilter/hook-env.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { flowHash } from './flow-hash.ts';
import { confirmed, track } from './nf-conntrack.ts';
import { type Crossing, reroute, table } from './nf-crossing.ts';
import { nat, natOutput } from './nf-nat.ts';

/**
 * The netfilter hooks of IPv4, each with its tables in the kernel's order of priority.
 *
 *   PREROUTING   raw −300, conntrack −200, mangle −150, nat(dst) −100
 *   INPUT        mangle −150, filter 0, security (legacy) 50, nat(src) 100, security (nft) 150, confirm
 *   FORWARD      mangle −150, filter 0, security
 *   OUTPUT       raw −300, conntrack −200, mangle −150, nat(dst) −100, filter 0, security
 *   POSTROUTING  mangle −150, nat(src) 100, confirm
 *
 * @returns whether the packet goes on; otherwise it has been accounted for.
 * @source include/uapi/linux/netfilter_ipv4.h enum nf_ip_hook_priorities; iptables/nft.c xtables_ipv4, which has security at 150
 */
export function nfHook(stack: Stack, hook: Hook, skb: Skb, input: Device | null, output: Device | null): boolean {
  const { firewall } = stack;
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.missing('iptables') ?? stack.gaps.atHook(hook))) return false;
  if (stack.gaps !== null && (hook === PREROUTING || hook === OUTPUT) && isBlind(stack, skb, stack.gaps.towards(skb.dst))) return false;
  if (firewall.idle) return true;
  if (stack.effects.isWatched) flowHash(skb);
  const at: Crossing = { stack, hook, skb, input, output, env: null };
  switch (hook) {
    case PREROUTING:
      return table(at, firewall.raw) && track(at) && table(at, firewall.mangle) && nat(at, 'dst');
    case INPUT:
      return (
        table(at, firewall.mangle) &&
        table(at, firewall.filter) &&
        table(at, firewall.legacySecurity) &&
        nat(at, 'src') &&
        table(at, firewall.security) &&
        confirmed(stack, skb)
      );
    case FORWARD:
      return table(at, firewall.mangle) && table(at, firewall.filter) && security(at);
    case OUTPUT:
      return table(at, firewall.raw) && track(at) && mangleOutput(at) && natOutput(at) && table(at, firewall.filter) && security(at);
    case POSTROUTING:
      return table(at, firewall.mangle) && nat(at, 'src') && confirmed(stack, skb);
  }
}

function security(at: Crossing): boolean {
  const { firewall } = at.stack;
  return table(at, firewall.legacySecurity) && table(at, firewall.security);
}

/** @source net/ipv4/netfilter/iptable_mangle.c ipt_mangle_out */
function mangleOutput(at: Crossing): boolean {
  const { skb, stack } = at;
  const { mangle } = stack.firewall;
  if (mangle === null) return true;
  const { src, dst, mark, tos } = skb;
  if (!table(at, mangle)) return false;
  if (skb.src !== src || skb.dst !== dst || skb.mark !== mark || skb.tos !== tos) return reroute(at);
  return true;
}
