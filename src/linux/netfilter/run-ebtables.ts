import type { Device } from '../device.ts';
import type { Skb } from '../skb.ts';
import type { EbTableName, Ebtables } from './ebtables.ts';

/** A frame at a bridge hook. */
export interface EbFrame {
  readonly skb: Skb;
  readonly in: Device | null;
  readonly out: Device | null;
  readonly bridge: Device;
}

export type EbVerdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly text: string }
  | { readonly kind: 'unknown'; readonly reason: string; readonly text: string };

export function runEbtables(_tables: Ebtables, _table: EbTableName, _chain: string, _frame: EbFrame): EbVerdict {
  return { kind: 'accept' };
}
