import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { Gap } from '../gap.ts';
import type { ErrorBucket } from '../netns-session.ts';
import type { Stack } from '../stack.ts';
import { FRAG_NEEDED, UNREACHABLE } from './icmp-types.ts';

/** @source net/ipv4/icmp.c XRLIM_BURST_FACTOR */
const BURST_FACTOR = 6;
/** @source net/ipv4/route.c ip_rt_error_burst, ip_rt_error_cost */
const ROUTE_ERROR_BURST_MS = 5_000;
const ROUTE_ERROR_COST_MS = 1_000;
/** @source net/ipv4/route.c ip_rt_redirect_number, ip_rt_redirect_load, ip_rt_redirect_silence */
const REDIRECT_NUMBER = 9;
const REDIRECT_LOAD_MS = 20;
const REDIRECT_SILENCE_MS = 20_480;
/** The time of a redirect has come when it is over. */
const TICK_MS = 1;

function bucket(stack: Stack, peer: Ipv4): ErrorBucket {
  const { errorBuckets } = stack.session;
  let found = errorBuckets.get(peer);
  if (found === undefined) {
    found = { tokensMs: 0, lastMs: stack.effects.nowMs - 60_000, redirects: 0 };
    errorBuckets.set(peer, found);
  }
  return found;
}

/** @source net/ipv4/inetpeer.c inet_peer_xrlim_allow */
function takes(stack: Stack, peer: Ipv4, costMs: number, burstMs: number): boolean {
  const { effects } = stack;
  if (stack.session.ratesInDoubt) return costMs === 0 || effects.hasCome(null);
  const b = bucket(stack, peer);
  b.tokensMs = Math.min(b.tokensMs + effects.nowMs - b.lastMs, burstMs);
  b.lastMs = effects.nowMs;
  // Tokens come with time.
  if (costMs > 0 && !effects.hasCome(effects.nowMs + costMs - b.tokensMs)) return false;
  b.tokensMs = Math.max(0, b.tokensMs - costMs);
  return true;
}

/** Whether messages of a type are counted. @source net/ipv4/icmp.c icmpv4_mask_allow */
function isLimited({ netns: { sysctl } }: Stack, type: number, code: number): boolean {
  return !(type === UNREACHABLE && code === FRAG_NEEDED) && ((1 << type) & sysctl.icmpRatemask) !== 0;
}

/** Why it is not known whether a message may be sent: all that a host counts together have a limit, too. @source net/ipv4/icmp.c icmp_global_allow */
export function rateDoubt(stack: Stack, type: number, code: number): Gap | null {
  return stack.gaps !== null && isLimited(stack, type, code) ? stack.gaps.sysctl('icmp-rate') : null;
}

/**
 * Whether an ICMP message may be sent now: of the types in `icmp_ratemask` each peer gets a few at once, then one every `icmp_ratelimit`.
 * What path MTU discovery needs is never held back.
 * @source net/ipv4/icmp.c icmpv4_mask_allow, icmpv4_xrlim_allow
 */
export function rateAllows(stack: Stack, peer: Ipv4, type: number, code: number, out: Device): boolean {
  if (!isLimited(stack, type, code) || out.isLoopback) return true;
  const { icmpRatelimitMs } = stack.netns.sysctl;
  return takes(stack, peer, icmpRatelimitMs, BURST_FACTOR * icmpRatelimitMs);
}

/** Whether a host is told now that no route takes its packet. @source net/ipv4/route.c ip_error */
export function routeErrorAllows(stack: Stack, peer: Ipv4): boolean {
  return takes(stack, peer, ROUTE_ERROR_COST_MS, ROUTE_ERROR_BURST_MS);
}

/** Sends a redirect, unless the host had enough of them: ever more rarely, and none any more to one that heeds none. @source net/ipv4/route.c ip_rt_send_redirect */
export function redirectNowAndThen(stack: Stack, peer: Ipv4, send: () => void): void {
  if (stack.session.ratesInDoubt) {
    if (stack.effects.hasCome(null)) send();
    return;
  }
  const b = bucket(stack, peer);
  const { nowMs: now } = stack.effects;
  if (now > b.lastMs + REDIRECT_SILENCE_MS) {
    b.tokensMs = 0;
    b.redirects = 0;
  }
  if (b.redirects >= REDIRECT_NUMBER) {
    b.lastMs = now;
    return;
  }
  if (b.redirects === 0 || stack.effects.hasCome(b.lastMs + (REDIRECT_LOAD_MS << b.redirects) + TICK_MS)) {
    send();
    b.lastMs = now;
    b.redirects++;
  }
}
