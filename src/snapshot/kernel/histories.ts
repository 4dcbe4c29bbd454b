import type { Session } from '../../world/session.ts';
import type { TwinRun } from './twin-run.ts';

/** How many ways that chance leaves open are tried before a difference counts. */
const MAX_BRANCHES = 128;

/** One way that a probe may go, and what it leaves behind. */
export interface Branch {
  readonly run: TwinRun;
  readonly session: Session;
  /** How far it is from what the kernel did. */
  readonly distance: number;
  /** Choices that lead to the ways which part from this one. */
  readonly alternatives: readonly (readonly number[])[];
}

/** Sends one probe into a session, with choices of chance that are fixed. */
export type Send = (before: Session, fixed: readonly number[]) => Branch;

/**
 * The sessions that agree with what the kernel has done so far. What it chose may have come to nothing that anybody sees, as the way out for
 * a packet that had to end: such a choice stays open until a later packet tells. They are looked for only as far as somebody asks.
 */
export class Histories {
  #agreeing: Iterable<Session>;
  /** There is no more than one, and nothing is kept to look for others. */
  #isOnly = true;

  constructor(start: Session) {
    this.#agreeing = [start];
  }

  /** Sends a probe and goes on from the nearest way. */
  send(probe: Send): TwinRun {
    const branches = branchesOf(this.#agreeing, probe);
    const first = branches.next();
    if (first.done === true) throw new RangeError('no branch was walked');
    const isOnly = this.#isOnly && first.value.alternatives.length === 0;
    let best = first.value;
    while (best.distance > 0) {
      const next = branches.next();
      if (next.done === true) break;
      if (next.value.distance < best.distance) best = next.value;
    }
    this.#isOnly = isOnly || best.distance > 0;
    this.#agreeing = this.#isOnly ? [best.session] : agreeing(best, branches);
    return best.run;
  }
}

function* branchesOf(starts: Iterable<Session>, send: Send): Generator<Branch, void> {
  let tried = 0;
  for (const before of starts) {
    const open: (readonly number[])[] = [[]];
    for (let fixed = open.shift(); fixed !== undefined; fixed = open.shift()) {
      const branch = send(before, fixed);
      open.push(...branch.alternatives);
      yield branch;
      if (++tried === MAX_BRANCHES) return;
    }
  }
}

function* agreeing(first: Branch, others: Iterable<Branch>): Generator<Session, void> {
  yield first.session;
  for (const { session, distance } of others) if (distance === 0) yield session;
}
