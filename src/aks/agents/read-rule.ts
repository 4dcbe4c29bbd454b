import type { OriginRule } from '../../kube/iptables/plan.ts';
import type { Interner } from '../../linux/netfilter/intern.ts';
import { parseRule } from '../../linux/netfilter/parse-rule.ts';
import type { AddressSelector, Rule } from '../../linux/netfilter/rule.ts';
import type { Target } from '../../linux/netfilter/target/target.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';

const JUMP = ' -j ';
const SOURCE = '-s ';
const DNAT = 'DNAT --to-destination ';
const HOST_MASK = -1;
const MOST_HEADS = 10_000;

/**
 * Reads many rules of one agent. A large cluster has three for every endpoint, alike but for an address, a port or the name of a chain: of
 * those, the part before the target is read once, and what differs is read at a glance. Everything else goes through the full parser.
 */
export class RuleReader {
  readonly #interner: Interner;
  /** What stands before `-j`, as a rule without target. */
  readonly #heads = new Map<string, Rule>();
  readonly #jumps = new Map<string, Target>();

  constructor(interner: Interner) {
    this.#interner = interner;
  }

  /** Makes jumps to a chain share one target, which names the chain by this very string and not by a piece of some rule's text. */
  know(chain: string): void {
    this.#jumps.set(chain, { t: 'jump', chain });
  }

  read({ args, origin }: OriginRule): Rule {
    const at = args.lastIndexOf(JUMP);
    const target = at < 0 ? null : this.#target(args.slice(at + JUMP.length));
    if (target === null) return parseRule(args, origin, this.#interner);
    const text = args.slice(0, at);
    const src = hostSource(text);
    const head = src === null ? this.#head(text) : this.#head('');
    const { dst, in: input, out, proto, fragment, matches } = head;
    return { src: src ?? head.src, dst, in: input, out, proto, fragment, matches, target, origin };
  }

  #head(text: string): Rule {
    let head = this.#heads.get(text);
    if (head === undefined) {
      head = parseRule(text, null, this.#interner);
      if (this.#heads.size < MOST_HEADS) this.#heads.set(text, head);
    }
    return head;
  }

  #target(text: string): Target | null {
    const jump = this.#jumps.get(text);
    if (jump !== undefined) return jump;
    if (!text.startsWith(DNAT)) return null;
    const colon = text.indexOf(':');
    const addr = parseIpv4(text.slice(DNAT.length, colon < 0 ? text.length : colon));
    const port = colon < 0 ? 0 : portOf(text.slice(colon + 1));
    if (addr === null || port === null) return null;
    return { t: 'DNAT', minAddr: addr, maxAddr: addr, minPort: port, maxPort: port, random: false, randomFully: false, persistent: false };
  }
}

/** `-s ADDRESS` and nothing else. */
function hostSource(text: string): AddressSelector | null {
  if (!text.startsWith(SOURCE)) return null;
  const addr = parseIpv4(text.slice(SOURCE.length));
  return addr === null ? null : { addr, mask: HOST_MASK, not: false };
}

function portOf(text: string): number | null {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : null;
}
