import { current, isDraft } from 'immer';

/**
 * The plain value behind a draft: the frozen original where the edit has not touched it, so that what is remembered by identity (rendered
 * rules, compiled tables) is found again, and so that reading ten thousand rules does not make ten thousand drafts.
 */
export function raw<T>(value: T): T;
export function raw(value: unknown): unknown {
  return isDraft(value) ? current(value) : value;
}

/** A list of plain values, whichever of them are drafts; the same list when none is. */
export function rawList<T>(list: readonly T[]): readonly T[] {
  const plain = raw(list);
  return plain.some((one) => isDraft(one)) ? plain.map((one) => raw(one)) : plain;
}
