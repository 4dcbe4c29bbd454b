import type { Mac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import type { EbArpMatch, EbChain, EbIpMatch, EbRule, EbTableName, Ebtables, MacSelector } from './ebtables.ts';
import { ETH_ARP, ETH_IPV4, FULL_MASK } from './ebtables-names.ts';
import { printEbRule } from './ebtables-print.ts';
import type { InterfaceName } from './match/match.ts';
import { hasBits, isInRange, isProto, isWithin } from './selectors.ts';
import { matchesInterface } from './interface.ts';
import { inPorts } from './syntax.ts';

/** A frame at one bridge hook. */
export interface EbEnv {
  readonly skb: Skb;
  /** The port it came in by; null when the bridge itself sends it, and once it leaves. */
  readonly in: Device | null;
  /** The port it leaves by; null on the way up. */
  readonly out: Device | null;
  readonly bridge: Device;
}

export type EbVerdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly text: string }
  | { readonly kind: 'unknown'; readonly reason: string; readonly text: string };

const ACCEPT: EbVerdict = { kind: 'accept' };
const CONTINUE = 'continue';
const MAX_DEPTH = 64;
/** Rules and names of chains that one frame is held against in one table. */
const MAX_WORK = 5_000_000;
const PACKET_TYPES = ['host', 'broadcast', 'multicast', 'otherhost'] as const;

/**
 * Sends a frame through one built-in chain of a bridge table.
 * @source net/bridge/netfilter/ebtables.c ebt_do_table
 */
export function runEbtables(tables: Ebtables, table: EbTableName, chain: string, env: EbEnv): EbVerdict {
  const chains = tables[table]?.chains;
  const entry = chains?.find(({ name }) => name === chain);
  if (chains === undefined || entry === undefined) return ACCEPT;
  return new Traversal(chains, env, table).run(entry, 0) ?? policyOf(entry, table) ?? ACCEPT;
}

function policyOf({ name, policy }: EbChain, table: EbTableName): EbVerdict | null {
  if (policy === 'RETURN') return null;
  return policy === 'ACCEPT' ? ACCEPT : { kind: 'drop', text: `policy DROP of chain ${name} in the bridge table ${table}` };
}

class Traversal {
  readonly #chains: readonly EbChain[];
  readonly #env: EbEnv;
  readonly #table: EbTableName;
  #work = 0;

  constructor(chains: readonly EbChain[], env: EbEnv, table: EbTableName) {
    this.#chains = chains;
    this.#env = env;
    this.#table = table;
  }

  /** null when the frame comes back from the chain. */
  run(chain: EbChain, depth: number): EbVerdict | null {
    this.#work += this.#chains.length + chain.rules.length;
    if (depth > MAX_DEPTH)
      return { kind: 'unknown', reason: 'EBT_DEPTH', text: `bridge chains jump into one another more than ${MAX_DEPTH} deep` };
    if (this.#work > MAX_WORK)
      return { kind: 'unknown', reason: 'EBT_BUDGET', text: `the frame would be held against more than ${MAX_WORK} bridge rules` };
    for (const rule of chain.rules) {
      const verdict = matches(rule, this.#env) ? this.#obey(rule, chain, depth) : CONTINUE;
      if (verdict !== CONTINUE) return verdict;
    }
    return null;
  }

  /** null: back to the calling chain. */
  #obey(rule: EbRule, chain: EbChain, depth: number): EbVerdict | typeof CONTINUE | null {
    if (rule.unmodelled.length > 0) {
      return {
        kind: 'unknown',
        reason: 'EBT_MATCH',
        text: `the bridge rule "${printEbRule(rule, chain.name)}" asks ${rule.unmodelled.join(' ')}, which is not modelled`,
      };
    }
    const { target } = rule;
    if (target.t !== 'CONTINUE' && asksBridgeOfNone(rule, this.#env)) {
      return {
        kind: 'unknown',
        reason: 'EBT_MATCH',
        text: `the bridge rule "${printEbRule(rule, chain.name)}" asks for the bridge of a port that is not told here: the older back end of ebtables then matches, the newer one does not`,
      };
    }
    switch (target.t) {
      case 'ACCEPT':
        return ACCEPT;
      case 'DROP':
        return { kind: 'drop', text: `rule "${printEbRule(rule, chain.name)}" of the bridge table ${this.#table}` };
      case 'CONTINUE':
        return CONTINUE;
      case 'RETURN':
        return null;
      case 'jump': {
        const next = this.#chains.find(({ name }) => name === target.chain);
        return next === undefined ? CONTINUE : (this.run(next, depth + 1) ?? policyOf(next, this.#table) ?? CONTINUE);
      }
      case 'unmodelled':
        return {
          kind: 'unknown',
          reason: `EBT_TARGET_${target.module.toUpperCase()}`,
          text: `the bridge target ${target.module} is not modelled`,
        };
    }
  }
}

function matches(rule: EbRule, env: EbEnv): boolean {
  const { skb } = env;
  const type = skb.arp === null ? ETH_IPV4 : ETH_ARP;
  if (!isType(rule.proto, type)) return false;
  if (rule.src !== null && !hasMac(rule.src, skb.smac)) return false;
  if (rule.dst !== null && !hasMac(rule.dst, skb.dmac)) return false;
  if (!onDevice(rule.in, env.in) || !onDevice(rule.out, env.out)) return false;
  if (env.in !== null && !onDevice(rule.logicalIn, env.bridge)) return false;
  if (env.out !== null && !onDevice(rule.logicalOut, env.bridge)) return false;
  if (rule.ip !== null && !hasIp(rule.ip, skb)) return false;
  if (rule.arp !== null && !hasArp(rule.arp, skb)) return false;
  if (!hasBits(rule.mark, skb.mark)) return false;
  return rule.pkttype === null || (PACKET_TYPES[skb.packetType] === rule.pkttype.type) !== rule.pkttype.not;
}

/**
 * Whether the two back ends part: an inverted question about the bridge of no port holds for both, any other for one of them only.
 * @source net/bridge/netfilter/ebtables.c ebt_basic_match, nft_meta_bridge.c nft_meta_bridge_get_eval
 */
function asksBridgeOfNone({ logicalIn, logicalOut }: EbRule, env: EbEnv): boolean {
  return (env.in === null && logicalIn?.not === false) || (env.out === null && logicalOut?.not === false);
}

function onDevice(selector: InterfaceName | null, device: Device | null): boolean {
  return selector === null || (device === null ? selector.not : matchesInterface(selector, device.name));
}

function hasMac(selector: MacSelector, address: Mac): boolean {
  return masked(address, selector.mask, selector.mac) !== selector.not;
}

function masked(address: Mac, mask: Mac, wanted: Mac): boolean {
  if (mask === FULL_MASK) return address === wanted;
  for (let i = 0; i < mask.length; i += 3) {
    const bits = Number.parseInt(mask.slice(i, i + 2), 16);
    if ((Number.parseInt(address.slice(i, i + 2), 16) & bits) !== (Number.parseInt(wanted.slice(i, i + 2), 16) & bits)) return false;
  }
  return true;
}

function isType(selector: EbRule['proto'], type: number): boolean {
  return selector === null || (selector.type === type) !== selector.not;
}

function hasTos(selector: EbIpMatch['tos'], tos: number): boolean {
  return selector === null || (selector.tos === tos) !== selector.not;
}

function hasIp(match: EbIpMatch, skb: Skb): boolean {
  if (skb.arp !== null) return false;
  if (!isWithin(match.src, skb.src) || !isWithin(match.dst, skb.dst)) return false;
  if (!hasTos(match.tos, skb.tos) || !isProto(match.proto, skb.proto)) return false;
  if (match.sport === null && match.dport === null) return true;
  return skb.fragOffsetBytes === 0 && inPorts(match.sport, skb.sport) && inPorts(match.dport, skb.dport);
}

function hasArp(match: EbArpMatch, { arp }: Skb): boolean {
  if (arp === null) return false;
  const op = arp.op === 'request' ? 1 : 2;
  if (!isInRange(match.op, op)) return false;
  if (!isWithin(match.ipSrc, arp.senderIp) || !isWithin(match.ipDst, arp.targetIp)) return false;
  return (match.macSrc === null || hasMac(match.macSrc, arp.senderMac)) && (match.macDst === null || hasMac(match.macDst, arp.targetMac));
}
