import type { Iptables } from '../../linux/netfilter/rule.ts';
import type { Source } from './source.ts';

export function readIptables(source: Source, path: string): Iptables | null {
  return source.text(path) === null ? null : {};
}
