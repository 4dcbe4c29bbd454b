/**
 * The positions of some nodes, the one with the least load first, the lower position where two are equal. Loads only grow, so an entry that
 * has become too low is found out when it comes to the top and is put back in its place.
 */
export class Emptiest {
  readonly #load: Float64Array;
  readonly #heap: Float64Array;

  /** @param fit positions in `load` @param load how many pods each node has; whoever takes a node counts it there */
  constructor(fit: readonly number[], load: Float64Array) {
    this.#load = load;
    this.#heap = Float64Array.from(fit, (position) => this.#rank(position)).sort();
  }

  /** The emptiest, or `undefined` when there is no node at all. */
  peek(): number | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return undefined;
      const position = top % this.#load.length;
      const rank = this.#rank(position);
      if (rank === top) return position;
      this.#sink(rank);
    }
  }

  /** Load and position in one number. */
  #rank(position: number): number {
    return (this.#load[position] ?? 0) * this.#load.length + position;
  }

  /** Replaces the top by a greater rank. */
  #sink(rank: number): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const least = (heap[right] ?? Infinity) < (heap[left] ?? Infinity) ? right : left;
      const child = heap[least];
      if (child === undefined || child >= rank) break;
      heap[at] = child;
      at = least;
    }
    heap[at] = rank;
  }
}
