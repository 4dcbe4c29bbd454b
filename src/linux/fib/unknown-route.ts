import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Stack } from '../stack.ts';
import type { InputRoute, OutputRoute, UnknownRoute } from './route-result.ts';

/** A look-up that needs what is not known of the namespace. */
export function unknownRoute(
  { gaps, netns }: Pick<Stack, 'gaps' | 'netns'>,
  dst: Ipv4,
  found: InputRoute | OutputRoute,
): UnknownRoute | null {
  if (gaps === null) return null;
  const isLocal = found.kind === 'local' || found.kind === 'broadcast';
  const len = found.kind === 'unknown' || found.kind === 'multicast' ? -1 : (found.route?.len ?? -1);
  const ways = 'route' in found ? (found.route?.nexthops.length ?? 0) : 0;
  const gap =
    gaps.missing('link', 'addr', 'route', 'rule', 'sysctl') ??
    gaps.inRoutes(dst, len, isLocal) ??
    (ways > 1 ? gaps.sysctl('multipath') : null) ??
    (found.kind === 'unicast' && len === 0 && netns.fib.severalDefaults ? gaps.missing('neigh') : null);
  return gap === null ? null : { kind: 'unknown', ...gap };
}
