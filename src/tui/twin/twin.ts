import type { Detail } from '../../report/trace/detail.ts';
import { OperationError } from '../../scenario/operation/operation.ts';
import { placeNames } from '../../scenario/places.ts';
import type { PlannedCheck } from '../../scenario/plan.ts';
import { probeOf } from '../../scenario/probe.ts';
import { listingsAt } from '../../show/listings.ts';
import type { Listing } from '../../show/listing.ts';
import type { RowRef } from '../../show/step-rows.ts';
import { soundTrace } from '../../trace/invariants.ts';
import type { Trace } from '../../trace/trace.ts';
import { cloneSession } from '../../walk/new-session.ts';
import { runProbe } from '../../walk/run-probe.ts';
import { DEFAULT_SPORT } from '../../walk/walk.ts';
import type { Session } from '../../world/session.ts';
import type { FrozenWorld } from '../../world/world.ts';
import { type Judged, type Promises, judgeNow, promisesOf } from './checks.ts';
import type { Edit } from './edit.ts';
import { type Place, placesOf } from './endpoints.ts';
import { type Cell, cellOf } from './matrix.ts';
import { type Moment, after, firstMoment } from './moment.ts';
import { type Request, probeRequest } from './request.ts';
import type { Source } from './source.ts';
import { type Timeline, timelineOf } from './timeline.ts';

/** A walk, or why there is none. */
export type Walked =
  | { readonly kind: 'trace'; readonly trace: Trace; /** What the packet left behind. */ readonly session: Session }
  | { readonly kind: 'refused'; readonly message: string; readonly expected: string };

/** Work that was asked for by what is on the screen and not done yet. */
type Job = () => void;

const MAX_WALKS_KEPT = 24;
const MAX_CELLS_KEPT = 20_000;

/**
 * Everything that follows from the source, the edits and the request: worlds, walks, verdicts. All of it is a function of plain data and
 * remembered; whoever has the state can ask again at any time.
 */
export class Twin {
  readonly source: Source;
  readonly promises: Promises;
  readonly #base: Moment;
  /** The moment after an edit, by the edits before it and the edit itself: edits are kept by identity. */
  readonly #after = new WeakMap<Moment, WeakMap<Edit, Moment>>();
  readonly #walks = new Map<string, { moment: Moment; walked: Walked }>();
  readonly #timelines = new WeakMap<Trace, { key: string; timeline: Timeline }>();
  readonly #listings = new WeakMap<Session, Map<string, readonly Listing[]>>();
  readonly #places = new WeakMap<FrozenWorld, readonly Place[]>();
  readonly #names = new WeakMap<FrozenWorld, ReadonlyMap<string, string>>();
  readonly #verdicts = new WeakMap<Moment, Map<PlannedCheck, Judged>>();
  readonly #cells = new WeakMap<Moment, Map<string, Cell>>();
  readonly #jobs: Job[] = [];
  readonly #asked = new Set<unknown>();

  constructor(source: Source) {
    this.source = source;
    this.#base = firstMoment(source);
    this.promises = promisesOf(source.loaded, source.world);
  }

  /** The moment after these edits. Each of them was accepted before: see {@link refusal}. */
  at(edits: readonly Edit[]): Moment {
    return edits.reduce((moment, edit) => this.#next(moment, edit), this.#base);
  }

  #next(moment: Moment, edit: Edit): Moment {
    let known = this.#after.get(moment);
    if (known === undefined) this.#after.set(moment, (known = new WeakMap<Edit, Moment>()));
    let next = known.get(edit);
    if (next === undefined) known.set(edit, (next = after(moment, edit, this.source)));
    return next;
  }

  /** Why an edit can not be made after these; null when it can. */
  refusal(edits: readonly Edit[], edit: Edit): string | null {
    try {
      this.#next(this.at(edits), edit);
      return null;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return error.expected === '' ? error.message : `${error.message}; expected ${error.expected}`;
    }
  }

  /** Sends the packet of a request after these edits; nothing of it stays. */
  walk(request: Request, edits: readonly Edit[]): Walked {
    const moment = this.at(edits);
    return this.#remembered(JSON.stringify(request), moment, () => walkNow(request, moment));
  }

  /**
   * Sends the packet that a request means after these edits in the world before them: from the same source port and with the same luck, so
   * that nothing but the edits makes a difference.
   */
  walkInBase(request: Request, edits: readonly Edit[]): Walked {
    const moment = this.at(edits);
    const { walks, session } = moment;
    const base = { ...this.#base, walks, session: { ...this.#base.session, random: session.random } };
    return this.#remembered(`base ${JSON.stringify(request)}`, moment, () => walkNow(request, base));
  }

  #remembered(key: string, moment: Moment, walk: () => Walked): Walked {
    const known = this.#walks.get(key);
    if (known?.moment === moment) return known.walked;
    const walked = walk();
    this.#walks.delete(key);
    this.#walks.set(key, { moment, walked });
    for (const oldest of this.#walks.keys()) {
      if (this.#walks.size <= MAX_WALKS_KEPT) break;
      this.#walks.delete(oldest);
    }
    return walked;
  }

  timeline(trace: Trace, detail: Detail, filter: string): Timeline {
    const key = `${detail} ${filter}`;
    const known = this.#timelines.get(trace);
    if (known?.key === key) return known.timeline;
    const timeline = timelineOf(trace, detail, filter);
    this.#timelines.set(trace, { key, timeline });
    return timeline;
  }

  places(edits: readonly Edit[]): readonly Place[] {
    const { world } = this.at(edits);
    let places = this.#places.get(world);
    if (places === undefined) this.#places.set(world, (places = placesOf(world)));
    return places;
  }

  /** What people call the namespaces of the world. */
  placeNames(edits: readonly Edit[]): ReadonlyMap<string, string> {
    const { world } = this.at(edits);
    let names = this.#names.get(world);
    if (names === undefined) this.#names.set(world, (names = placeNames(world)));
    return names;
  }

  /** The tables of a place, with what the packet of the request left behind in them. */
  listings(at: string, request: Request, edits: readonly Edit[]): readonly Listing[] {
    const { world, session } = this.at(edits);
    const walked = this.walk(request, edits);
    const left = walked.kind === 'trace' ? walked.session : session;
    let known = this.#listings.get(left);
    if (known === undefined) this.#listings.set(left, (known = new Map<string, readonly Listing[]>()));
    let listings = known.get(at);
    if (listings === undefined) known.set(at, (listings = listingsAt(world, left, at).map(printedOnce)));
    return listings;
  }

  /** The line of a table that a reference names; null where it is not there any more. */
  rowText({ listing, row }: RowRef, at: string, request: Request, edits: readonly Edit[]): string | null {
    const found = this.listings(at, request, edits).find(({ key }) => key === listing);
    return found?.rows().find(({ id }) => id === row)?.text ?? null;
  }

  /** How a check fares after these edits; null until {@link work} has come to it. */
  verdict(check: PlannedCheck, edits: readonly Edit[]): Judged | null {
    const moment = this.at(edits);
    let known = this.#verdicts.get(moment);
    if (known === undefined) this.#verdicts.set(moment, (known = new Map<PlannedCheck, Judged>()));
    const found = known.get(check);
    if (found !== undefined) return found;
    const verdicts = known;
    this.#ask(check, () => verdicts.set(check, judgeNow(check, moment)));
    return null;
  }

  /** A cell of the matrix after these edits; null until {@link work} has come to it. */
  cell(from: Place, to: Place, edits: readonly Edit[]): Cell | null {
    const moment = this.at(edits);
    let known = this.#cells.get(moment);
    if (known === undefined || known.size > MAX_CELLS_KEPT) this.#cells.set(moment, (known = new Map<string, Cell>()));
    const key = `${from.name} ${to.name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const cells = known;
    this.#ask(key, () => cells.set(key, cellOf(from, to, moment)));
    return null;
  }

  #ask(what: unknown, job: Job): void {
    if (this.#asked.has(what)) return;
    this.#asked.add(what);
    this.#jobs.push(job);
  }

  /** What was asked for and is out of sight by now need not be done; the next screen asks again. */
  forgetAsked(): void {
    this.#jobs.length = 0;
    this.#asked.clear();
  }

  /**
   * Does what was asked for until `isLate` says so, at least one thing.
   * @returns whether anything was done
   */
  work(isLate: () => boolean): boolean {
    let done = 0;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      job();
      done++;
      if (isLate()) break;
    }
    if (this.#jobs.length === 0) this.#asked.clear();
    return done > 0;
  }
}

function walkNow(request: Request, { world, session, walks }: Moment): Walked {
  if (request.from === '' || request.to === '') {
    const field = request.from === '' ? 'where from' : 'where to';
    return { kind: 'refused', message: `say ${field}`, expected: 'a place of this world' };
  }
  const probe = probeOf(probeRequest(request), world);
  if ('field' in probe) return { kind: 'refused', message: `${probe.field}: ${probe.message}`, expected: probe.expected };
  const sport = probe.proto === 'icmp' ? {} : { sportFrom: DEFAULT_SPORT + walks };
  const left = cloneSession(session);
  const trace = soundTrace(runProbe(world, left, { ...probe, ...sport }, { record: 'detailed' }));
  return { kind: 'trace', trace, session: left };
}

/** A table is printed once for each walk, however often the screen shows it. */
function printedOnce(listing: Listing): Listing {
  let rows: ReturnType<Listing['rows']> | null = null;
  return { ...listing, rows: () => (rows ??= listing.rows()) };
}
