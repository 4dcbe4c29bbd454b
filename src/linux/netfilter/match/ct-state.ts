import { IPS_DST_NAT, IPS_SRC_NAT } from '../../conntrack/entry.ts';
import { CT_ESTABLISHED, CT_ESTABLISHED_REPLY, CT_NEW, CT_RELATED, CT_RELATED_REPLY, CT_UNTRACKED, type Skb } from '../../skb.ts';
import { type OptionUse, fault, value } from '../syntax.ts';

/** Bits of a state mask, in the order in which iptables prints their names. */
const CT_STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'] as const;
const INVALID_BIT = 1;
const NEW_BIT = 2;
const RELATED_BIT = 4;
const ESTABLISHED_BIT = 8;
const UNTRACKED_BIT = 16;
const SNAT_BIT = 32;
const DNAT_BIT = 64;

/** The state bits that a packet has. @source net/netfilter/xt_conntrack.c conntrack_mt */
export function stateBits(skb: Skb): number {
  if (skb.ct === null) return skb.ctInfo === CT_UNTRACKED ? UNTRACKED_BIT : INVALID_BIT;
  let bits = INVALID_BIT;
  if (skb.ctInfo === CT_NEW) bits = NEW_BIT;
  else if (skb.ctInfo === CT_ESTABLISHED || skb.ctInfo === CT_ESTABLISHED_REPLY) bits = ESTABLISHED_BIT;
  else if (skb.ctInfo === CT_RELATED || skb.ctInfo === CT_RELATED_REPLY) bits = RELATED_BIT;
  if ((skb.ct.status & IPS_SRC_NAT) !== 0) bits |= SNAT_BIT;
  if ((skb.ct.status & IPS_DST_NAT) !== 0) bits |= DNAT_BIT;
  return bits;
}

export function printStates(mask: number): string {
  return CT_STATES.filter((_, bit) => (mask & (1 << bit)) !== 0).join(',');
}

export function parseStates(use: OptionUse): number {
  let mask = 0;
  for (const word of value(use).toUpperCase().split(',')) {
    const bit = CT_STATES.findIndex((name) => name === word);
    if (bit < 0) throw fault(use, `connection states (${CT_STATES.join(', ')})`);
    mask |= 1 << bit;
  }
  return mask;
}
