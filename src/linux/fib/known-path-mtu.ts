import type { Ipv4 } from '../../wire/ipv4.ts';
import type { PathMtu } from '../netns-session.ts';
import type { Stack } from '../stack.ts';
import { exceptionName } from './exception-name.ts';
import type { Via } from './route-result.ts';

/** The MTU of a way, or less where an error said so: nothing that this host makes is longer, unless its socket only probes. */
export function knownPathMtu(stack: Stack, dst: Ipv4, via: Via): number {
  return Math.min(via.mtuBytes, learnedPathMtu(stack, dst, via)?.bytes ?? via.mtuBytes);
}

/** What errors said of a way that is still heeded; null: nothing. */
export function learnedPathMtu({ session, effects }: Stack, dst: Ipv4, { route, mtuLocked }: Via): PathMtu | null {
  if (mtuLocked || route === null || session.pathMtus.size === 0) return null;
  const known = session.pathMtus.get(exceptionName(dst, route));
  return known === undefined || known.expiresAtMs <= effects.nowMs ? null : known;
}
