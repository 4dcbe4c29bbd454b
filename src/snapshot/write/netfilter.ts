import type { Ebtables } from '../../linux/netfilter/ebtables.ts';

export function ebtablesText(_tables: Ebtables | null): string {
  return '';
}
