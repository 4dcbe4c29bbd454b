import type { Link } from '../../linux/link.ts';
import type { Netns } from '../../linux/netns.ts';
import { compareRoutes, routesOf, setRoutes } from '../../linux/ops/fib-edit.ts';
import { type Route, TABLE_MAIN } from '../../linux/route.ts';
import type { Sysctls } from '../../linux/sysctl.ts';

/**
 * Lets many pods join one machine at a cost that does not grow with the pods that are there already. Between two pods the first namespace
 * shows only what it had at the beginning, and the newest link, so that interface numbers go on; what each pod added is put aside, and put
 * together at the end. For plug-ins that never look at another pod's link, route or sysctl.
 */
export class Window {
  readonly #root: Netns;
  readonly #links: readonly Link[];
  readonly #routes: readonly Route[];
  readonly #sysctls: Sysctls;
  readonly #addedLinks: Link[] = [];
  readonly #addedRoutes: Route[] = [];
  readonly #addedSysctls: [name: string, value: string][] = [];
  #shown: Link[];

  constructor(root: Netns) {
    this.#root = root;
    this.#links = root.links;
    this.#routes = routesOf(root, TABLE_MAIN);
    this.#sysctls = root.sysctls;
    this.#shown = root.links;
  }

  /** Puts aside what the last pod added. */
  slide(): void {
    const root = this.#root;
    for (const link of root.links) if (!this.#shown.includes(link)) this.#addedLinks.push(link);
    for (const route of routesOf(root, TABLE_MAIN)) if (!this.#routes.includes(route)) this.#addedRoutes.push(route);
    for (const [name, value] of Object.entries(root.sysctls)) {
      if (!Object.hasOwn(this.#sysctls, name)) this.#addedSysctls.push([name, value]);
    }
    this.#shown = [...this.#links, ...this.#addedLinks.slice(-1)];
    root.links = this.#shown;
    setRoutes(root, TABLE_MAIN, this.#routes);
    root.sysctls = this.#sysctls;
  }

  /** Shows everything. */
  close(): void {
    const root = this.#root;
    root.links = [...this.#links, ...this.#addedLinks];
    setRoutes(root, TABLE_MAIN, [...this.#routes, ...this.#addedRoutes].sort(compareRoutes));
    if (this.#addedSysctls.length > 0) root.sysctls = { ...this.#sysctls, ...Object.fromEntries(this.#addedSysctls) };
  }
}
