import type { HookEnv } from '../hook-env.ts';
import { missing, numberOf, options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { TcpmssTarget } from './target.ts';

/** IPv4 and TCP headers without options. */
const HEADERS_BYTES = 40;
/** Assumed where a SYN names no MSS. @source RFC 1122 4.2.2.6 */
const DEFAULT_MSS_BYTES = 536;
const MSS_OPTION_BYTES = 4;

/** The MTU of the way ahead and of the way back, read from the devices. */
function clampedMss(env: HookEnv): number {
  const mtuBytes = Math.min(env.out?.mtuBytes ?? 65535, env.in?.mtuBytes ?? 65535);
  return mtuBytes - HEADERS_BYTES;
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
      if (skb.mssBytes > wanted) skb.mssBytes = wanted;
      else if (skb.mssBytes === 0) {
        skb.mssBytes = Math.min(wanted, DEFAULT_MSS_BYTES);
        skb.lengthBytes += MSS_OPTION_BYTES;
      }
      return CONTINUE;
    },
  describe: ({ mssBytes }) => (mssBytes === null ? 'clamps the MSS to the path MTU' : `lowers the MSS to ${mssBytes}`),
};
