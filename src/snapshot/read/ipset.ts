import type { Ipset } from '../../linux/netfilter/ipset/ipset.ts';
import type { Source } from './source.ts';

export function readIpsets(source: Source, path: string): Ipset[] | null {
  return source.text(path) === null ? null : [];
}
