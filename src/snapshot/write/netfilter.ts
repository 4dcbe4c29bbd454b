import type { Ebtables } from '../../linux/netfilter/ebtables.ts';
import type { Ipset } from '../../linux/netfilter/ipset/ipset.ts';
import type { Iptables } from '../../linux/netfilter/rule.ts';

export function iptablesText(_tables: Iptables): string {
  return '';
}

export function ebtablesText(_tables: Ebtables | null): string {
  return '';
}

export function ipsetText(_sets: readonly Ipset[]): string {
  return '';
}
