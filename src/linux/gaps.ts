import type { Ipv4 } from '../wire/ipv4.ts';
import { mask } from '../wire/prefix.ts';
import type { Gap } from './gap.ts';
import { type Hook, HOOK_NAMES } from './netfilter/hook.ts';
import type { Netns, Part, Unmodelled } from './netns.ts';
import type { Sysctls } from './sysctl.ts';
import { type Consulted, unmodelledSysctls } from './unmodelled-sysctls.ts';

/**
 * What is not known of a namespace: parts of it that were not collected, and things in it that packets meet and that are not modelled.
 * Only a packet that needs what is missing is UNKNOWN.
 */
export class Gaps {
  readonly #missing: ReadonlyMap<Part, Unmodelled>;
  readonly #devices: ReadonlyMap<string, Unmodelled>;
  readonly #others: readonly Unmodelled[];
  readonly #opening: readonly Unmodelled[];
  readonly #to: ReadonlyMap<Ipv4, Unmodelled>;

  readonly #sysctls: ReadonlyMap<Consulted, Gap>;

  constructor(unmodelled: readonly Unmodelled[], sysctls: ReadonlyMap<Consulted, Gap> = new Map()) {
    this.#sysctls = sysctls;
    const missing = unmodelled.filter(({ reason }) => reason === 'NOT_COLLECTED');
    this.#missing = new Map(missing.flatMap((gap) => (gap.part === null ? [] : [[gap.part, gap] as const])));
    const present = unmodelled.filter(({ reason }) => reason !== 'NOT_COLLECTED');
    this.#devices = new Map(present.flatMap((gap) => (gap.dev === null ? [] : [[gap.dev, gap] as const])));
    this.#opening = present.filter(({ opening }) => opening !== undefined);
    this.#to = new Map(present.flatMap((gap) => (gap.to === undefined ? [] : [[gap.to, gap] as const])));
    this.#others = present.filter(({ dev, opening, to }) => dev === null && opening === undefined && to === undefined);
  }

  /** The first of these parts that was not collected. */
  missing(...parts: readonly Part[]): Gap | null {
    for (const part of parts) {
      const gap = this.#missing.get(part);
      if (gap !== undefined) return gap;
    }
    return null;
  }

  /** What sits on a device and takes its packets, in or out: a tc filter, a BPF program. */
  onDevice(name: string): Gap | null {
    return this.#devices.get(name) ?? null;
  }

  /** What takes IPv4 packets at a netfilter hook. */
  atHook(hook: Hook): Gap | null {
    const name = HOOK_NAMES[hook];
    return this.#others.find(({ part, meets }) => part === null && (meets === undefined || meets.includes(name))) ?? null;
  }

  /** What decides about new connections into the namespace, or out of it. */
  opening(direction: 'in' | 'out'): Gap | null {
    return this.#opening.find(({ opening }) => opening === direction) ?? null;
  }

  /** What takes packets to an address before any table here does. */
  towards(dst: Ipv4): Gap | null {
    return this.#to.get(dst) ?? null;
  }

  /** What takes every frame that crosses a bridge, or every ARP packet. */
  takingAll(what: 'BRIDGE' | 'ARP'): Gap | null {
    return this.#others.find(({ part, meets }) => part === null && meets?.includes(what) === true) ?? null;
  }

  /**
   * A route or rule that is there, is not modelled, and could decide a look-up.
   * @param found the length of the prefix that the look-up came to; -1 where it found nothing
   */
  inRoutes(dst: Ipv4, found: number, isLocal: boolean): Gap | null {
    for (const gap of this.#others) {
      if (gap.part === 'rule' && !isLocal) return gap;
      if (gap.part !== 'route') continue;
      const { prefix } = gap;
      if (prefix === undefined || (prefix.len >= found && ((prefix.addr ^ dst) & mask(prefix.len)) === 0)) return gap;
    }
    return null;
  }

  /** What a sysctl says to a packet that asks it. */
  sysctl(consulted: Consulted): Gap | null {
    return this.#sysctls.get(consulted) ?? null;
  }

  /** A forwarding entry that is not modelled. */
  inFdb(): Gap | null {
    return this.#others.find(({ part }) => part === 'fdb') ?? null;
  }
}

const ofSysctls = new WeakMap<Sysctls, ReadonlyMap<Consulted, Gap>>();
const compiled = new WeakMap<readonly Unmodelled[], { readonly said: ReadonlyMap<Consulted, Gap>; readonly gaps: Gaps }>();

/** The gaps of a namespace; null for one that is known in full, which costs a packet nothing. */
export function compileGaps({ unmodelled, sysctls }: Netns): Gaps | null {
  let said = ofSysctls.get(sysctls);
  if (said === undefined) ofSysctls.set(sysctls, (said = unmodelledSysctls(sysctls)));
  if (unmodelled.length === 0 && said.size === 0) return null;
  let known = compiled.get(unmodelled);
  if (known?.said !== said) compiled.set(unmodelled, (known = { said, gaps: new Gaps(unmodelled, said) }));
  return known.gaps;
}
