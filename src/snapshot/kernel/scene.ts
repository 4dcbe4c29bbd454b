import type { World } from '../../world/world.ts';
import type { Scene } from './compare.ts';
import { sitesOf, vxlanPortsOf } from './plan.ts';

export function sceneOf(world: World): Scene {
  const sites = sitesOf(world);
  const ports = (site: (typeof sites)[number]): [string, string][] =>
    site.netns.links.flatMap(({ name, master }) => (master === null ? [] : [[name, master]]));
  const emptyChains = sites.flatMap(({ at, netns }) =>
    Object.values(netns.iptables).flatMap((table) =>
      table.chains.filter(({ policy, rules }) => policy !== null && rules.length === 0).map(({ name }) => `${at} ${table.name} ${name}`),
    ),
  );
  return {
    bridges: new Map(sites.map((site) => [site.at, new Map(ports(site))])),
    vxlanPorts: vxlanPortsOf(world),
    emptyChains: new Set(emptyChains),
  };
}
