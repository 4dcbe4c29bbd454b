import type { EbChain, EbRule, EbTable } from '../../linux/netfilter/ebtables.ts';
import type { Netns } from '../../linux/netns.ts';
import { linkOf } from '../../linux/ops/edit.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { type Mac, mac } from '../../wire/mac.ts';
import { type Prefix, mask } from '../../wire/prefix.ts';

const CHAIN = 'AKS-DEDUP-PROMISC';
const IPV4 = 0x0800;
const ORIGIN = 'ensure-no-dup';
const WHOLE_MAC: Mac = mac('ff:ff:ff:ff:ff:ff');

const ANY_FRAME: Omit<EbRule, 'target'> = {
  proto: null,
  src: null,
  dst: null,
  in: null,
  out: null,
  logicalIn: null,
  logicalOut: null,
  ip: null,
  arp: null,
  mark: null,
  pkttype: null,
  unmodelled: [],
  watchers: [],
  origin: ORIGIN,
};

/**
 * What ensure-no-dup does on a kubenet node once the bridge has its address: of a packet to a local pod, the copy that the promiscuous
 * bridge took up and routed is dropped at the ports; it carries the bridge's Ethernet address and a pod's IP address.
 * (The script reads the pods' range from a field that the current conflist does not have; the rule is written here as it is meant.)
 * @source AgentBaker ensure-no-dup.sh
 */
export function ensureDedupPromisc(root: Netns, bridge: string, podRange: Prefix): void {
  const link = linkOf(root, bridge);
  const address = link?.addresses[0]?.local;
  if (link === null || !link.promisc || address === undefined) return;
  const filter = root.ebtables?.filter ?? emptyFilter();
  if (filter.chains.some((chain) => chain.name === CHAIN)) return;
  const jump: EbRule = { ...ANY_FRAME, target: { t: 'jump', chain: CHAIN } };
  const own: EbChain = {
    name: CHAIN,
    policy: 'RETURN',
    builtin: false,
    rules: [
      { ...fromBridge(link.mac, { addr: address, len: 32 }), target: { t: 'ACCEPT' } },
      { ...fromBridge(link.mac, podRange), target: { t: 'DROP' } },
    ],
  };
  const chains = filter.chains.map((chain) => (chain.name === 'OUTPUT' ? { ...chain, rules: [...chain.rules, jump] } : chain));
  root.ebtables = { ...root.ebtables, filter: { name: 'filter', chains: [...chains, own] } };
}

function emptyFilter(): EbTable {
  const chains = ['INPUT', 'FORWARD', 'OUTPUT'].map((name): EbChain => ({ name, policy: 'ACCEPT', builtin: true, rules: [] }));
  return { name: 'filter', chains };
}

function fromBridge(bridgeMac: Mac, range: { readonly addr: Ipv4; readonly len: number }): Omit<EbRule, 'target'> {
  return {
    ...ANY_FRAME,
    proto: { type: IPV4, not: false },
    src: { mac: bridgeMac, mask: WHOLE_MAC, not: false },
    out: { name: 'veth', prefix: true, not: false },
    ip: { src: { addr: range.addr, mask: mask(range.len), not: false }, dst: null, proto: null, sport: null, dport: null, tos: null },
  };
}
