import type { Ebtables } from '../../linux/netfilter/ebtables.ts';
import { parseEbtablesSave } from '../../linux/netfilter/ebtables-parse.ts';
import type { Source } from './source.ts';

/** The bridge tables of `ebtables-save`; null when the file is absent. */
export function readEbtables(source: Source, path: string): Ebtables | null {
  const text = source.text(path);
  if (text === null) return null;
  const result = parseEbtablesSave(text, source.fileName(path));
  if (result.ok) return result.tables;
  for (const fault of result.faults) source.problems.add(fault);
  return {};
}
