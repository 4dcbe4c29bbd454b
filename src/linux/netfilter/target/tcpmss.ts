import { ANY, type Ipv4 } from '../../../wire/ipv4.ts';
import { Flow } from '../../fib/flow.ts';
import { knownPathMtu } from '../../fib/known-path-mtu.ts';
import { routeOutput } from '../../fib/route-output.ts';
import { unknownRoute } from '../../fib/unknown-route.ts';
import type { Exit } from '../../skb.ts';
import type { Stack } from '../../stack.ts';
import { type HookEnv, UNKNOWN } from '../hook-env.ts';
import { missing, numberOf, options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { TcpmssTarget } from './target.ts';

/** IPv4 and TCP headers without options. */
const HEADERS_BYTES = 40;
/** Assumed where a SYN names no MSS. @source RFC 1122 4.2.2.6 */
const DEFAULT_MSS_BYTES = 536;
const MSS_OPTION_BYTES = 4;

/** No datagram is longer. @source include/net/ip.h IP_MAX_MTU */
const MAX_MTU_BYTES = 65_535;

const wayBack = new Flow();

/**
 * What fits the MTU of the packet's way and of the one that this host would take to its sender; a bridged frame has the bridge's for a way.
 * @returns null where the way back is not known: env says why
 * @source net/netfilter/xt_TCPMSS.c tcpmss_mangle_packet, tcpmss_reverse_mtu
 */
function clampedMss(env: HookEnv): number | null {
  const { stack, skb, out } = env;
  const ahead = skb.bridge === null ? skb.via : null;
  const aheadBytes = ahead === null ? out?.mtuBytes : knownMtu(stack, skb.dst, ahead);
  let mtuBytes = Math.min(aheadBytes ?? MAX_MTU_BYTES, MAX_MTU_BYTES);
  wayBack.reset(skb.src, ANY);
  const found = routeOutput(stack, wayBack);
  const back = unknownRoute(stack, skb.src, found) ?? found;
  if (back.kind === 'unknown') {
    env.unknownReason = back.reason;
    env.unknownText = back.text;
    return null;
  }
  if (back.kind !== 'error') mtuBytes = Math.min(mtuBytes, knownMtu(stack, skb.src, back));
  return mtuBytes - HEADERS_BYTES;
}

/** Unlike forwarding, it heeds what errors taught this host of a way. @source include/net/dst.h dst_mtu; net/ipv4/route.c ipv4_mtu */
function knownMtu(stack: Stack, dst: Ipv4, via: Exit): number {
  return via.kind === 'unicast' || via.kind === 'forward' ? knownPathMtu(stack, dst, via) : via.mtuBytes;
}

/** `-j TCPMSS`; never raises the MSS. @source net/netfilter/xt_TCPMSS.c tcpmss_mangle_packet */
export const tcpmss: TargetModule<TcpmssTarget> = {
  name: 'TCPMSS',
  options: options(['--set-mss', { values: 1 }], ['--clamp-mss-to-pmtu', { values: 0 }]),
  tables: [],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j TCPMSS', '--set-mss or --clamp-mss-to-pmtu');
    return { t: 'TCPMSS', mssBytes: use.name === '--set-mss' ? numberOf(use, 65495) : null };
  },
  print: ({ mssBytes }) => (mssBytes === null ? ' --clamp-mss-to-pmtu' : ` --set-mss ${mssBytes}`),
  compile:
    ({ mssBytes }) =>
    (env) => {
      const { skb } = env;
      if (skb.fragOffsetBytes > 0) return CONTINUE;
      const wanted = mssBytes ?? clampedMss(env);
      if (wanted === null) return UNKNOWN;
      if (skb.mssBytes > wanted) skb.mssBytes = wanted;
      else if (skb.mssBytes === 0) {
        skb.mssBytes = Math.min(wanted, DEFAULT_MSS_BYTES);
        skb.lengthBytes += MSS_OPTION_BYTES;
      }
      return CONTINUE;
    },
  describe: ({ mssBytes }) => (mssBytes === null ? 'clamps the MSS to the path MTU' : `lowers the MSS to ${mssBytes}`),
};
