import type { Ipv4 } from '../../wire/ipv4.ts';
import type { Stack } from '../stack.ts';
import { exceptionName } from './exception-name.ts';
import type { Via } from './route-result.ts';

/** The MTU of a way, or less where an error said so: nothing that this host makes is longer, unless its socket only probes. */
export function knownPathMtu({ session, effects }: Stack, dst: Ipv4, { route, mtuBytes, mtuLocked }: Via): number {
  const known = mtuLocked || route === null ? undefined : session.pathMtus.get(exceptionName(dst, route));
  return known === undefined || known.expiresAtMs <= effects.nowMs ? mtuBytes : Math.min(known.bytes, mtuBytes);
}
