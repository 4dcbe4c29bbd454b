import { type Counters, NO_COUNTERS } from '../../linux/netfilter/counters.ts';
import { parseIptablesSave } from '../../linux/netfilter/restore.ts';
import type { Iptables } from '../../linux/netfilter/rule.ts';
import type { Source } from './source.ts';

export interface IptablesDump {
  readonly tables: Iptables;
  readonly counters: Counters;
}

/** The tables of `iptables-save`, of either back end; null when the file is absent. A text with faults gives no table at all. */
export function readIptables(source: Source, path: string): IptablesDump | null {
  const text = source.text(path);
  if (text === null) return null;
  const result = parseIptablesSave(text, source.fileName(path), { lenient: source.lenient });
  if (result.ok) return result;
  for (const fault of result.faults) source.problems.add(fault);
  return { tables: {}, counters: NO_COUNTERS };
}
