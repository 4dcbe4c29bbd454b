import { printable } from '../report/printable.ts';
import { type Agreement, agreementText, listed, partingText } from '../report/verify/text.ts';
import type { PlaceNames } from '../scenario/places.ts';
import type { Verdict } from '../snapshot/kernel/agreement.ts';
import { EXIT, type Exit } from './exit.ts';
import { type Output, paintFor } from './terminal.ts';

/** What `podwalk verify` is told. */
export interface VerifyFlags {
  readonly probes?: string;
  readonly cold?: true;
  readonly fresh?: true;
  readonly random?: number;
  readonly seed: number;
  readonly shrink?: true;
  readonly rarities?: true;
  readonly output?: string;
  readonly format: 'text' | 'json';
  readonly jobs?: number;
  readonly lenient?: true;
  readonly root?: string;
}

export function statusOf({ differing, unknown }: Agreement): Exit {
  if (differing > 0) return EXIT.FAILED;
  return unknown > 0 ? EXIT.UNKNOWN : EXIT.OK;
}

/** The agreement, and the first difference in full. */
export function writeText(
  output: Output,
  agreement: Agreement,
  differing: readonly Verdict[],
  heads: readonly string[],
  places: PlaceNames = new Map(),
): void {
  const paint = paintFor(process.stdout);
  for (const head of heads) output.write(`${printable(head)}\n`);
  output.write(agreementText(agreement, paint));
  const [first, ...more] = differing;
  if (first === undefined) return;
  output.write(`\n${partingText(first, paint, places)}`);
  if (more.length > 0) output.write(`\n${more.length} more differ: ${listed(more.map(({ id }) => id))}\n`);
}
