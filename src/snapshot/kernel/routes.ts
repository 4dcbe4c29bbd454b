import type { World } from '../../world/world.ts';
import type { RawRoutes } from './answers.ts';
import type { Difference } from './compare.ts';
import { sitesOf } from './plan.ts';
import { routePlan } from './plan/routes.ts';

/** Routes that the kernel makes by itself from addresses and links. @source include/uapi/linux/rtnetlink.h RTPROT_KERNEL */
const DERIVED = ' proto 2 ';

/**
 * Where the routes of the kernel are not those of the World: one that is there and should not be, one that is not there, and one that
 * the World takes for the kernel's own work while the kernel did not make it. (One that the kernel makes and the World does not have was
 * deleted by somebody, as plug-ins do, and is deleted here as well.)
 */
export function routeDifferences(world: World, found: RawRoutes): Difference[] {
  return sitesOf(world).flatMap(({ at, netns }): Difference[] => {
    const wanted = new Set(routePlan(netns).map(([words]) => words));
    const { all = [], added = [] } = found[at] ?? {};
    const extra = all.find((words) => !wanted.has(words));
    const missing = [...wanted].find((words) => !all.includes(words));
    const underived = added.find((words) => words.includes(DERIVED));
    if (extra === undefined && missing === undefined && underived === undefined) return [];
    const kernel = extra ?? (missing === undefined ? 'did not derive it' : '(nothing)');
    return [{ tier: 'routes', where: at, kernel, twin: missing ?? underived ?? '(nothing)' }];
  });
}
