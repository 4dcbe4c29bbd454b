import { type PlaceNames, withPlaceNames } from '../../scenario/places.ts';
import type { CheckResult } from '../../scenario/result.ts';
import type { Mismatch } from '../../scenario/check/judge.ts';
import { printable } from '../printable.ts';
import { stepLine } from '../trace/text.ts';

/** What a failing check prints, apart from its name. */
const MAX_LINES = 9;

/** Expected, happened and the deciding step of each mismatch, in at most nine lines of plain text. */
export function failureLines(check: CheckResult): string[] {
  const lines = check.mismatches.flatMap((mismatch) => mismatchLines(mismatch, check.places));
  if (check.verdict === 'unknown' && lines.length === 0) lines.push(...unknownLines(check));
  if (lines.length <= MAX_LINES) return lines;
  const kept = lines.slice(0, MAX_LINES - 1);
  return [...kept, `… and ${lines.length - kept.length} more lines; --detail detailed shows the walk`];
}

function mismatchLines({ field, expected, happened, deciding }: Mismatch, places: PlaceNames): string[] {
  const lines = [`${field}: expected ${printable(expected)}`, `${' '.repeat(field.length)}  happened ${called(happened, places)}`];
  if (deciding === null) return lines;
  const { at, step } = deciding;
  return [...lines, `${' '.repeat(field.length)}  decided at ${called(at, places)}: ${step.verb} ${stepLine(step, 'summary')}`];
}

function called(text: string, places: PlaceNames): string {
  return printable(withPlaceNames(text, places));
}

function unknownLines({ traces, places }: CheckResult): string[] {
  const unknown = traces.find(({ outcome }) => outcome === 'unknown');
  return unknown === undefined ? [] : [`not decided: ${printable(unknown.reason ?? '')} ${called(unknown.text, places)}`];
}
