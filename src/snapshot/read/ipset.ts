import type { Ipset } from '../../linux/netfilter/ipset/ipset.ts';
import { parseIpsetSave } from '../../linux/netfilter/ipset/parse.ts';
import type { Source } from './source.ts';

/** The sets of `ipset save`; null when the file is absent. */
export function readIpsets(source: Source, path: string): readonly Ipset[] | null {
  const text = source.text(path);
  if (text === null) return null;
  const result = parseIpsetSave(text, source.fileName(path));
  if (result.ok) return result.ipsets;
  for (const fault of result.faults) source.problems.add(fault);
  return [];
}
