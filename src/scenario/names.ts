import { addressesOf, originOf } from '../aks/endpoint.ts';
import { isProblem, parseEndpoint } from '../aks/endpoint/syntax.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import type { World } from '../world/world.ts';
import type { Names } from './check/judge.ts';
import { Landmarks } from './landmarks.ts';

/** What the names of checks stand for in one world, each looked up once. */
export class WorldNames implements Names {
  readonly #world: World;
  readonly #addresses = new Map<string, readonly string[] | null>();
  readonly #places = new Map<string, string>();
  readonly #landmarks: Landmarks;
  readonly #before: WorldNames | null;

  /** @param before the names of the world that this one was made of: what an edit took away may still be said not to be met */
  constructor(world: World, before: WorldNames | null = null) {
    this.#world = world;
    this.#landmarks = new Landmarks(world);
    this.#before = before;
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

  hasPlace(pattern: string): boolean {
    return this.#some((names) => names.#landmarks.hasPlace(names.place(pattern)));
  }

  hasRule(pattern: string): boolean {
    return this.#some((names) => names.#landmarks.hasRule(pattern));
  }

  #some(holds: (names: WorldNames) => boolean): boolean {
    if (holds(this)) return true;
    for (let names = this.#before; names !== null; names = names.#before) if (holds(names)) return true;
    return false;
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
