import { addressesOf, originOf } from '../aks/endpoint.ts';
import { isProblem, parseEndpoint } from '../aks/endpoint/syntax.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import type { World } from '../world/world.ts';
import type { Names } from './check/judge.ts';

/** What the names of checks stand for in one world, each looked up once. */
export class WorldNames implements Names {
  readonly #world: World;
  readonly #addresses = new Map<string, readonly string[] | null>();
  readonly #places = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  addresses(name: string): readonly string[] | null {
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const found = this.#findAddresses(name);
    this.#addresses.set(name, found);
    return found;
  }

  place(text: string): string {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const found = this.#findPlace(text);
    this.#places.set(text, found);
    return found;
  }

  #findAddresses(name: string): readonly string[] | null {
    const endpoint = parseEndpoint(name);
    if (isProblem(endpoint)) return null;
    const addresses = addressesOf(this.#world, endpoint);
    return isProblem(addresses) ? null : addresses.map(formatIpv4);
  }

  #findPlace(text: string): string {
    if (text.includes('*') || !/^(?:pod|node|vm|onprem|netns|internet|deploy|sts|ds|rs)(?:\/|$)|^[^/]+\/[^/]+$/.test(text)) return text;
    const endpoint = parseEndpoint(text);
    if (isProblem(endpoint) || endpoint.kind === 'address') return text;
    const origin = originOf(this.#world, endpoint);
    return isProblem(origin) || origin.kind !== 'netns' ? text : `${origin.machine}/${origin.netns}`;
  }
}
