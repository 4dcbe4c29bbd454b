import { type Ipv4, compareIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, lastAddress } from '../../wire/prefix.ts';

/** The addresses of a subnet, given out from the lowest that Azure does not keep for itself. */
export class AddressPool {
  readonly #subnet: Prefix;
  readonly #used = new Set<Ipv4>();
  #cursor: Ipv4;

  constructor(subnet: Prefix) {
    this.#subnet = subnet;
    this.#cursor = offsetIpv4(subnet.addr, 4);
  }

  /** How many addresses are in use. */
  get taken(): number {
    return this.#used.size;
  }

  /** Takes one certain address. @returns why that is not possible, or null */
  reserve(addr: Ipv4): string | null {
    if (!contains(this.#subnet, addr)) return 'is outside of the subnet';
    if (addr - this.#subnet.addr < 4 || addr === lastAddress(this.#subnet)) return 'is one that Azure keeps for itself';
    if (this.#used.has(addr)) return 'is used twice';
    this.#used.add(addr);
    return null;
  }

  /** The next free address, or null when there is none. */
  next(): Ipv4 | null {
    const last = lastAddress(this.#subnet);
    while (compareIpv4(this.#cursor, last) < 0) {
      const addr = this.#cursor;
      this.#cursor = offsetIpv4(addr, 1);
      if (this.#used.has(addr)) continue;
      this.#used.add(addr);
      return addr;
    }
    return null;
  }

  /** The next free addresses, or null when there are not so many. */
  take(count: number): Ipv4[] | null {
    const found: Ipv4[] = [];
    while (found.length < count) {
      const addr = this.next();
      if (addr === null) return null;
      found.push(addr);
    }
    return found;
  }
}
