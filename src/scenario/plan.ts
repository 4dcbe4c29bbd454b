import type { Place } from '../kube/objects/located.ts';
import { type Expectations, list } from './check/expectations.ts';
import { withDefaults } from './check/judges.ts';
import { parseMatrix } from './check/matrix.ts';
import type { CheckEntry, Send } from './schema/check.ts';
import type { Scenario } from './schema/scenario.ts';
import type { MatrixEntry } from './schema/matrix.ts';
import { LIMITS, overLimit } from './source/limits.ts';
import type { Problem } from './source/problem.ts';
import type { Path, YamlDocument } from './source/yaml.ts';

/** One walk to make and what is expected of it. */
export interface PlannedCheck {
  readonly name: string;
  readonly under: readonly string[];
  readonly place: Place;
  /** Where a part of it stands, such as `['via', 1]` or `['send', 'src']`; the whole check where nothing of the kind was written. */
  readonly at: (part: Path) => Place;
  readonly tags: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly proto: 'tcp' | 'udp' | 'icmp' | null;
  readonly send: Send;
  readonly allBranches: boolean;
  readonly expectations: Expectations;
}

/** Where the entries stand in the scenario, and under which steps. */
interface Context {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly under: readonly string[];
}

/** Writes checks and truth tables out, one entry for each walk. */
export class CheckPlan {
  readonly checks: PlannedCheck[] = [];
  readonly problems: Problem[] = [];
  readonly #document: YamlDocument;

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  addChecks(entries: readonly CheckEntry[], path: Path, under: readonly string[]): void {
    for (const [index, entry] of entries.entries()) this.addCheck(entry, [...path, index], under);
  }

  addCheck(entry: CheckEntry, path: Path, under: readonly string[]): void {
    const place = { file: this.#document.file, ...this.#document.at(path) };
    const { from, to, name, tags = [], proto = null, send = {}, branches, description: _, ...rest } = entry;
    const expectations = withDefaults(rest);
    const pairs = list(from).flatMap((source, row) => list(to).map((target, column) => ({ source, target, row, column })));
    for (const { source, target, row, column } of pairs) {
      const pair = `${source} -> ${target}`;
      this.#add({
        name: name === undefined ? pair : pairs.length === 1 ? name : `${name}: ${pair}`,
        under,
        place,
        at: (part) => this.#placeIn(path, part[0] === 'from' ? ['from', row] : part[0] === 'to' ? ['to', column] : part),
        tags,
        from: source,
        to: target,
        proto,
        send,
        allBranches: branches === 'all' || expectations.backends !== undefined,
        expectations,
      });
    }
  }

  #placeIn(path: Path, part: Path): Place {
    return { file: this.#document.file, ...this.#document.at([...path, ...part]) };
  }

  addMatrices(entries: readonly MatrixEntry[], path: Path, under: readonly string[]): void {
    for (const [index, entry] of entries.entries()) this.#addMatrix(entry, { document: this.#document, path: [...path, index], under });
  }

  #addMatrix(entry: MatrixEntry, { document, path, under }: Context): void {
    const { cells, problems } = parseMatrix(entry);
    const tablePath = [...path, 'table'];
    for (const { line, col, message, expected } of problems) {
      this.problems.push({ file: document.file, ...document.textAt(tablePath, line, col), message, expected });
    }
    for (const cell of cells) {
      const { from, to, expectations, line, col } = cell;
      const target = entry.port === undefined || to.slice(to.lastIndexOf('/') + 1).includes(':') ? to : `${to}:${entry.port}`;
      this.#add({
        name: `${from} -> ${target}`,
        under: entry.name === undefined ? under : [...under, entry.name],
        place: { file: document.file, ...document.textAt(tablePath, line, col) },
        at: (part) => {
          if (part[0] === 'send') return this.#placeIn(path, part);
          const word = part[0] === 'from' ? cell.sender : part[0] === 'to' ? cell.target : cell;
          if (word !== cell || cell.letter === null) return { file: document.file, ...document.textAt(tablePath, word.line, word.col) };
          return this.#placeIn(path, ['classes', cell.letter, ...part]);
        },
        tags: entry.tags ?? [],
        from,
        to: target,
        proto: entry.proto ?? null,
        send: entry.send ?? {},
        allBranches: expectations.backends !== undefined,
        expectations: withDefaults(expectations),
      });
    }
  }

  #add(check: PlannedCheck): void {
    if (this.checks.length < LIMITS.MAX_CHECKS) this.checks.push(check);
    else if (!this.problems.some(({ message }) => message.includes('MAX_CHECKS'))) {
      this.problems.push({ ...check.place, message: overLimit('too many checks', 'MAX_CHECKS'), expected: '' });
    }
  }
}

/** Every check of a scenario, those of its steps too. */
export function wholePlan({ checks = [], matrix = [], steps = [] }: Scenario, document: YamlDocument): CheckPlan {
  const plan = new CheckPlan(document);
  plan.addChecks(checks, ['checks'], []);
  plan.addMatrices(matrix, ['matrix'], []);
  for (const [index, step] of steps.entries()) {
    if (step.walk !== undefined) plan.addCheck(step.walk, ['steps', index, 'walk'], []);
    plan.addChecks(step.checks ?? [], ['steps', index, 'checks'], []);
    plan.addMatrices(step.matrix ?? [], ['steps', index, 'matrix'], []);
  }
  return plan;
}

/** Whether a check, or its scenario, carries one of the tags; without tags every check is asked for. */
export function isAsked(tags: readonly string[], { tags: scenarioTags = [] }: Scenario, check: Pick<PlannedCheck, 'tags'>): boolean {
  return tags.length === 0 || tags.some((tag) => scenarioTags.includes(tag) || check.tags.includes(tag));
}
