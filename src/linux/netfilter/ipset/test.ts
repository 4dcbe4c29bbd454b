import { type Mac, ZERO_MAC } from '../../../wire/mac.ts';
import { mask } from '../../../wire/prefix.ts';
import { ICMP, SCTP, TCP, UDP } from '../../../wire/proto.ts';
import type { HookEnv } from '../hook-env.ts';
import { type Answer, NO, UNSURE, YES } from '../match/module.ts';
import { changesOf } from '../session.ts';
import { findAdded, hidesShorter, isLonger } from './added.ts';
import { isAlive } from './alive.ts';
import { type CompiledIpset, type PartKey, findEntry, ipsetsByName, lengthsOf } from './compile.ts';
import { replaceElement } from './ip-mac.ts';
import type { Ipset, IpsetEntry, IpsetType } from './ipset.ts';
import type { Dimension } from './part.ts';
import { entryKey, packetKey } from './print.ts';

/** A list:set may hold lists no deeper than this before the answer is unknown. */
export const MAX_DEPTH = 8;
const UDPLITE = 136;

/**
 * Whether a packet is in a set.
 * @param dims which end of the packet each dimension reads
 * @param returnNomatch `--return-nomatch`: an entry marked nomatch counts as a match
 * @source net/netfilter/ipset/ip_set_core.c ip_set_test
 */
export function testIpset(env: HookEnv, name: string, dims: readonly ('src' | 'dst')[], returnNomatch: boolean, not: boolean): Answer {
  const answer = testByName(env, name, dims, returnNomatch, 0);
  if (answer === UNSURE) return UNSURE;
  return (answer === YES) === not ? NO : YES;
}

function testByName(env: HookEnv, name: string, dims: readonly ('src' | 'dst')[], returnNomatch: boolean, depth: number): Answer {
  const sets = ipsetsByName(env.stack.netns.tables.ipsets);
  const set = sets.get(name);
  if (set === undefined || depth > MAX_DEPTH) {
    env.unknownReason = set === undefined ? 'NOT_COLLECTED' : 'IPSET_DEPTH';
    env.unknownText =
      set === undefined ? `the rule asks ipset ${name}, which is not there` : `ipset ${name} holds lists of lists too deep to follow`;
    return UNSURE;
  }
  if (dims.length < set.dimensions.length || set.ipset.family === 'inet6') return NO;
  if (set.unmodelled !== null) {
    env.unknownReason = 'IPSET_OPTION';
    env.unknownText = `ipset ${name}: ${set.unmodelled} is not modelled`;
    return UNSURE;
  }
  if (set.ipset.type === 'list:set') return testList(env, set, dims, returnNomatch, depth);
  const keys = packetKeys(env, set, dims);
  if (keys === null) return NO;
  const changes = env.stack.session.netfilter.ipsets.get(name);
  const { nowMs } = env.stack.effects;
  const entry = findEntry(
    set,
    keys,
    set.hasTimeouts || changes !== undefined ? (found) => isAlive(found, nowMs, changes, set.ipset.type) : null,
  );
  // Sets without networks have no exceptions to ask for.
  const wantsNomatch = returnNomatch && set.dimensions.includes('net');
  const added = changes === undefined ? null : findAdded(set, keys, changes, nowMs);
  if (added !== null && (entry === null || isLonger(added, lengthsOf(entry)))) return wantsNomatch ? NO : YES;
  if (entry?.nomatch !== wantsNomatch) return NO;
  if (set.ipset.type === 'hash:net,iface' && changes !== undefined) {
    const interfaces = env.stack.netns.devices.map(({ name: device }) => device);
    if (hidesShorter(set, keys, changes, lengthsOf(entry), interfaces, nowMs)) return NO;
  }
  if (set.ipset.type === 'bitmap:ip,mac' && entry.parts.length === 1) {
    completeElement(env, set.ipset, entry, packetKey(set.ipset, keys, []));
  }
  return YES;
}

/**
 * An address without a station takes that of the first packet that asks for it.
 * @source net/netfilter/ipset/ip_set_core.c ip_set_test: -EAGAIN
 */
function completeElement({ stack }: HookEnv, ipset: Ipset, entry: IpsetEntry, key: string): void {
  const { nowMs } = stack.effects;
  const seconds = entry.timeoutSeconds ?? ipset.timeoutSeconds ?? 0;
  const old = { key: entryKey(entry, ipset.type), hasMac: false };
  replaceElement(
    changesOf(stack.session.netfilter, ipset.name),
    old,
    key,
    seconds === 0 ? Number.POSITIVE_INFINITY : nowMs + seconds * 1000,
  );
}

/** What has timed out is no member any more. @source net/netfilter/ipset/ip_set_list_set.c list_set_ktest */
function testList(env: HookEnv, set: CompiledIpset, dims: readonly ('src' | 'dst')[], returnNomatch: boolean, depth: number): Answer {
  for (const entry of set.ipset.entries) {
    const [part] = entry.parts;
    if (part?.k !== 'set' || !isAlive(entry, env.stack.effects.nowMs, undefined, 'list:set')) continue;
    const answer = testByName(env, part.name, dims, returnNomatch, depth + 1);
    if (answer !== NO) return answer;
  }
  return NO;
}

const scratch: PartKey[] = [];

/** What the packet shows for each dimension of the set, in a reused array; null where it shows nothing that the set could hold. */
export function packetKeys(env: HookEnv, set: CompiledIpset, dims: readonly ('src' | 'dst')[]): readonly PartKey[] | null {
  scratch.length = set.dimensions.length;
  for (let i = 0; i < set.dimensions.length; i++) {
    const dimension = set.dimensions[i];
    const key = dimension === undefined ? null : dimensionKey(env, set, dimension, dims[i] === 'src');
    if (key === null) return null;
    scratch[i] = key;
  }
  return scratch;
}

/** Types that hold no 0.0.0.0. @source net/netfilter/ipset/ip_set_hash_ip.c hash_ip4_kadt, ip_set_hash_ipport.c hash_ipport4_kadt */
const REFUSE_ZERO: readonly IpsetType[] = ['hash:ip', 'hash:ip,port'];

function dimensionKey(env: HookEnv, { ipset }: CompiledIpset, dimension: Dimension, isSrc: boolean): PartKey | null {
  const { skb } = env;
  switch (dimension) {
    case 'ip': {
      const addr = isSrc ? skb.src : skb.dst;
      if (!isInRange(ipset, addr >>> 0)) return null;
      const cut = ipset.netmask === null ? addr : addr & mask(ipset.netmask);
      return cut === 0 && REFUSE_ZERO.includes(ipset.type) ? null : cut;
    }
    case 'net':
      return isSrc ? skb.src : skb.dst;
    case 'port':
      return ipset.type === 'bitmap:port' ? plainPort(env, ipset, isSrc) : portKey(env, isSrc);
    case 'mac':
      return stationOf(isSrc ? skb.smac : skb.dmac);
    case 'iface':
      return (isSrc ? env.in : env.out)?.name ?? null;
    case 'mark':
      return ipset.markmask === null ? skb.mark | 0 : skb.mark & ipset.markmask;
    case 'set':
      return null;
  }
}

/** What lies outside of its range is not in a bitmap, and cannot be added. @source net/netfilter/ipset/ip_set_bitmap_ip.c bitmap_ip_kadt */
function isInRange({ range }: Ipset, value: number): boolean {
  return range === null || (value >= range.from && value <= range.to);
}

/** @source net/netfilter/ipset/ip_set_bitmap_port.c bitmap_port_kadt */
function plainPort({ skb }: HookEnv, ipset: Ipset, isSrc: boolean): PartKey | null {
  if (skb.fragOffsetBytes > 0 || (skb.proto !== TCP && skb.proto !== UDP)) return null;
  const port = isSrc ? skb.sport : skb.dport;
  return isInRange(ipset, port) ? port : null;
}

/** @source net/netfilter/ipset/ip_set_getport.c get_port: an ICMP type and code stand for the port */
function portKey({ skb }: HookEnv, isSrc: boolean): PartKey | null {
  const hasPorts = skb.proto === TCP || skb.proto === UDP || skb.proto === SCTP || skb.proto === UDPLITE;
  if (skb.fragOffsetBytes > 0 && (hasPorts || skb.proto === ICMP)) return null;
  const port = hasPorts ? (isSrc ? skb.sport : skb.dport) : skb.proto === ICMP ? (skb.icmpType << 8) | skb.icmpCode : 0;
  return (skb.proto << 16) | port;
}

/**
 * Of the frame that the packet came in, also where it leaves: what is sent from here has none yet, and the loopback's is none.
 * @source net/netfilter/ipset/ip_set_hash_mac.c hash_mac4_kadt, ip_set_bitmap_ipmac.c bitmap_ipmac_kadt
 */
function stationOf(mac: Mac): Mac | null {
  return mac === ZERO_MAC ? null : mac;
}
