import { allocate, remember } from '../../cni/azure-vnet/azure-vnet.ts';
import { type Pattern, stamp } from '../../cni/azure-vnet/pattern.ts';
import type { AzureVnetConfig, Conflist } from '../../cni/conflist.ts';
import type { CniArgs, CniEnv, CniOutcome, CniResult } from '../../cni/plugin.ts';
import type { CniState } from '../../cni/state.ts';
import { addNetwork } from '../../cni/runtime.ts';
import type { Link } from '../../linux/link.ts';
import type { Host, Netns } from '../../linux/netns.ts';
import { netnsOf, nextIfindex } from '../../linux/ops/edit.ts';
import { compareRoutes, routesOf, setRoutes } from '../../linux/ops/fib-edit.ts';
import { type Route, TABLE_MAIN } from '../../linux/route.ts';
import { type OwnSettings, settingsOf, withDevices } from '../../linux/sysctl-devices.ts';
import type { Sysctls } from '../../linux/sysctl.ts';
import type { Interned } from './intern-parts.ts';
import { rootOf } from './machine.ts';

/**
 * Many pods that join one machine, at a cost that does not grow with those that are there already. A plug-in sees the first namespace as it
 * was at the beginning, and the newest link, so that interface numbers go on; what each pod adds is put aside, and put together at the end.
 * Pods behind a routed veth differ in names, numbers and addresses alone, so all but the first are made by its pattern.
 */
export class Crowd {
  readonly #host: Host;
  readonly #root: Netns;
  readonly #interned: Interned;
  readonly #links: readonly Link[];
  readonly #routes: readonly Route[];
  readonly #sysctls: Sysctls;
  readonly #addedLinks: Link[] = [];
  readonly #addedRoutes: Route[] = [];
  readonly #addedSettings: (readonly [dev: string, settings: OwnSettings])[] = [];
  /** Endpoints that the plug-in's state does not have yet. */
  readonly #endpoints: string[] = [];
  #state: CniState | null = null;
  #pattern: Pattern | null = null;
  #nextIfindex: number;

  constructor(host: Host, interned: Interned) {
    this.#host = host;
    this.#root = rootOf(host);
    this.#interned = interned;
    this.#links = this.#root.links;
    this.#routes = routesOf(this.#root, TABLE_MAIN);
    this.#sysctls = this.#root.sysctls;
    this.#nextIfindex = nextIfindex(this.#root);
  }

  /** ADD for one more pod. */
  join(env: CniEnv, conflist: Conflist, args: CniArgs): CniOutcome<CniResult> {
    const { main } = conflist;
    if (main.type === 'azure-vnet' && args.portMappings.length === 0 && this.#pattern !== null) {
      return this.#joinLike(this.#pattern, env, main, args);
    }
    this.#rememberEndpoints();
    const newest = main.type === 'azure-vnet' ? this.#showNewest() : null;
    const outcome = addNetwork(env, conflist, args);
    const pod = netnsOf(this.#host, args.netns);
    if (outcome.ok && pod !== null) this.#interned.namespace(pod);
    if (main.type === 'azure-vnet') this.#putAside(outcome, pod, args, newest);
    return outcome;
  }

  #joinLike(pattern: Pattern, env: CniEnv, config: AzureVnetConfig, args: CniArgs): CniOutcome<CniResult> {
    const outcome = allocate(env, config, args);
    const pod = netnsOf(this.#host, args.netns);
    if (!outcome.ok || pod === null) return outcome;
    // The kernel makes the peer, which moves into the pod, before the end that stays.
    const ifindex = { pod: this.#nextIfindex++, host: this.#nextIfindex++ };
    const { link, route } = stamp(pattern, pod, outcome.value, args.ifName, ifindex);
    this.#endpoints.push(args.netns);
    this.#state = env.state;
    this.#addedLinks.push(link);
    this.#addedRoutes.push(route);
    this.#addedSettings.push([link.name, pattern.hostSettings]);
    return outcome;
  }

  #rememberEndpoints(): void {
    if (this.#state !== null) remember(this.#state, this.#endpoints.splice(0));
  }

  /** Shows what was there at the beginning and the newest link. */
  #showNewest(): Link | null {
    const root = this.#root;
    const newest = this.#addedLinks.at(-1) ?? null;
    root.links = newest === null ? [...this.#links] : [...this.#links, newest];
    if (routesOf(root, TABLE_MAIN) !== this.#routes) setRoutes(root, TABLE_MAIN, this.#routes);
    root.sysctls = this.#sysctls;
    return newest;
  }

  /** Puts aside what the plug-in added for the last pod. */
  #putAside(outcome: CniOutcome<CniResult>, pod: Netns | null, args: CniArgs, newest: Link | null): void {
    const root = this.#root;
    const links = root.links.filter((link) => link !== newest && !this.#links.includes(link));
    const routes = routesOf(root, TABLE_MAIN).filter((route) => !this.#routes.includes(route));
    this.#addedLinks.push(...links);
    this.#addedRoutes.push(...routes);
    for (const { name } of links) this.#addedSettings.push([name, settingsOf(root.sysctls.devices, name)]);
    this.#nextIfindex = nextIfindex(root);
    const [hostLink] = links;
    const [hostRoute] = routes;
    if (!outcome.ok || pod === null || hostLink === undefined || hostRoute === undefined || args.portMappings.length > 0) return;
    const hostSettings = settingsOf(root.sysctls.devices, hostLink.name);
    this.#pattern = { result: outcome.value, pod: { ...pod }, hostLink, hostRoute, hostSettings };
  }

  /** Shows everything. */
  close(): void {
    const root = this.#root;
    this.#rememberEndpoints();
    if (this.#addedLinks.length === 0) return;
    root.links = [...this.#links, ...this.#addedLinks];
    setRoutes(root, TABLE_MAIN, [...this.#routes, ...this.#addedRoutes].sort(compareRoutes));
    const { names, devices } = this.#sysctls;
    root.sysctls = { names, devices: withDevices(devices, this.#addedSettings) };
  }
}
