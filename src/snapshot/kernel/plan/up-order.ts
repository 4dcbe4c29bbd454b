import type { Netns } from '../../../linux/netns.ts';

/**
 * The devices that are up, in the order in which to bring them up. The kernel derives the routes of a device's addresses when it comes up,
 * and of two for one subnet takes the one that it derived first: those devices take their turns as the routes of the World say.
 * @source net/ipv4/fib_frontend.c fib_netdev_event, fib_add_ifaddr
 */
export function upOrder({ links, fib }: Pick<Netns, 'links' | 'fib'>): string[] {
  const up = links.filter((link) => link.up).map(({ name }) => name);
  const sharing = sharers(fib).filter((dev) => up.includes(dev));
  const turns = sharing.values();
  return up.map((dev) => (sharing.includes(dev) ? (turns.next().value ?? dev) : dev));
}

/** The devices whose derived routes have others beside them that are alike, in the order of the routes. */
function sharers(fib: Netns['fib']): string[] {
  const alike = new Map<string, Set<string>>();
  for (const { id, routes } of fib) {
    for (const { type, protocol, dst, len, metric, nexthops } of routes) {
      const [dev] = nexthops.map((hop) => hop.dev);
      if (type !== 'unicast' || protocol !== 'kernel' || dev === undefined || dev === null) continue;
      const name = `${id} ${dst}/${len} ${metric}`;
      alike.set(name, (alike.get(name) ?? new Set()).add(dev));
    }
  }
  return [...new Set([...alike.values()].flatMap((devs) => (devs.size > 1 ? [...devs] : [])))];
}
