import type { Ebtables } from '../../linux/netfilter/ebtables.ts';
import type { Source } from './source.ts';

export function readEbtables(source: Source, path: string): Ebtables | null {
  return source.text(path) === null ? null : {};
}
