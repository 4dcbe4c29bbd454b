/** How far a long piece of work is. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly of: number;
}

/** Work in slices of a few milliseconds: whoever does it can look at something else in between, and is told how far it is. */
export type Sliced<T> = Generator<Progress, T, undefined>;

/** Does all of it without a break. */
export function atOnce<T>(work: Sliced<T>): T {
  let slice = work.next();
  while (slice.done !== true) slice = work.next();
  return slice.value;
}
