import { ANY, BROADCAST, formatIpv4, isMulticast } from '../../../wire/ipv4.ts';
import { isZeronet } from '../../fib/addr-type.ts';
import { OK, UNMODELLED } from '../../fib/errno.ts';
import { Flow } from '../../fib/flow.ts';
import { fibLookup } from '../../fib/lookup.ts';
import type { HookEnv } from '../hook-env.ts';
import { options } from '../syntax.ts';
import type { RpfilterMatch } from './match.ts';
import { type Answer, type MatchModule, NO, UNSURE, YES } from './module.ts';

const flow = new Flow();
/** 224.0.0.0/24. */
const LOCAL_MULTICAST = 0xe0_00_00;

/** Whether a packet to the source would leave by the device that the packet came in by. @source xt_rpfilter.c rpfilter_mt */
function reversePath(match: RpfilterMatch, env: HookEnv): Answer {
  const { skb } = env;
  // What comes back of an own broadcast knows its receivers already. @source net/ipv4/netfilter/ipt_rpfilter.c rpfilter_is_loopback
  if (env.in === null || env.in.isLoopback || skb.input?.kind === 'broadcast') return YES;
  if (isZeronet(skb.src) && (skb.dst === BROADCAST || skb.dst >>> 8 === LOCAL_MULTICAST)) return YES;
  const isPlain = !isMulticast(skb.dst) && skb.dst !== BROADCAST && !isZeronet(skb.dst);
  flow.reset(skb.src, isPlain ? skb.dst : ANY);
  flow.mark = match.validmark ? skb.mark : 0;
  flow.tos = skb.tos;
  flow.uid = 0;
  flow.ignoreLinkState = true;
  const error = fibLookup(env.stack.netns, flow);
  if (error === UNMODELLED) {
    env.unknownReason = 'IPT_MATCH_RPFILTER';
    env.unknownText = flow.unmodelled;
    return UNSURE;
  }
  const { route } = flow;
  if (error !== OK || route === null) return NO;
  if (route.type !== 'unicast' && !(route.type === 'local' && match.acceptLocal)) return NO;
  return match.loose || route.nexthops.some(({ device }) => device === env.in) ? YES : NO;
}

/** `-m rpfilter`. */
export const rpfilter: MatchModule<RpfilterMatch> = {
  name: 'rpfilter',
  protos: [],
  pure: true,
  options: options(
    ['--loose', { values: 0 }],
    ['--validmark', { values: 0 }],
    ['--accept-local', { values: 0 }],
    ['--invert', { values: 0 }],
  ),
  parse(uses) {
    const has = (name: string): boolean => uses.some((use) => use.name === name);
    return {
      m: 'rpfilter',
      loose: has('--loose'),
      validmark: has('--validmark'),
      acceptLocal: has('--accept-local'),
      not: has('--invert'),
    };
  },
  print: ({ loose, validmark, acceptLocal, not }) =>
    `${loose ? ' --loose' : ''}${validmark ? ' --validmark' : ''}${acceptLocal ? ' --accept-local' : ''}${not ? ' --invert' : ''}`,
  compile: (match) => (env) => {
    const answer = reversePath(match, env);
    if (answer === UNSURE) return UNSURE;
    return (answer === YES) === match.not ? NO : YES;
  },
  whyNot: (match, { skb, in: device }) =>
    `the way back to ${formatIpv4(skb.src)} ${match.not ? 'leads' : 'does not lead'} through ${device?.name ?? 'the device'}`,
};
