import type { RouteScope } from '../route.ts';

/** How near a destination is; a look-up skips routes that lead farther than it asks for. @source rtnetlink.h enum rt_scope_t */
export const SCOPE_UNIVERSE = 0;
const SCOPE_SITE = 200;
export const SCOPE_LINK = 253;
export const SCOPE_HOST = 254;
export const SCOPE_NOWHERE = 255;

const NUMBERS: Readonly<Record<RouteScope, number>> = {
  global: SCOPE_UNIVERSE,
  site: SCOPE_SITE,
  link: SCOPE_LINK,
  host: SCOPE_HOST,
  nowhere: SCOPE_NOWHERE,
};

/** The kernel's number of a scope. */
export function scopeNumber(scope: RouteScope): number {
  return NUMBERS[scope];
}
