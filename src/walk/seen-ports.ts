import { flowName, flowOf } from '../linux/path/flow-hash.ts';
import type { FlowHash, Skb } from '../linux/skb.ts';
import type { PortRange, Stack } from '../linux/stack.ts';

/**
 * Source ports of tunnels, in the order in which they were seen, by `MACHINE/NETNS` and flow, and by flow alone. The flow `*` of a namespace
 * stands for all that nobody saw leave.
 */
export type PortsOfFlows = ReadonlyMap<string, readonly number[]>;

/**
 * Which source port the kernel makes of which hash, learned from its frames. A flow may have several: a packet keeps the hash of a header
 * that it once had, so hashes and ports of a flow are matched in the order in which they turn up.
 */
export class SeenPorts {
  readonly #seen: PortsOfFlows;
  readonly #given = new Map<string, number>();
  readonly #taken = new Set<number>();

  constructor(seen: PortsOfFlows) {
    this.#seen = seen;
  }

  /** @returns null where nobody saw a packet of the flow */
  of(stack: Stack, skb: Skb, hash: FlowHash, { low, high }: PortRange): number | null {
    const key = `${hash.value} ${low}-${high}`;
    const known = this.#given.get(key);
    if (known !== undefined) return known;
    const flow = flowName(flowOf(skb));
    const ports = this.#seen.get(`${stack.at} ${flow}`) ?? this.#seen.get(flow) ?? this.#seen.get(`${stack.at} *`) ?? [];
    // Two hashes may come to one port.
    const port = ports.find((one) => !this.#taken.has(one)) ?? ports.at(-1);
    if (port === undefined) return null;
    this.#given.set(key, port);
    this.#taken.add(port);
    return port;
  }
}
