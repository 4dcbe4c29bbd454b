import { type CheckRow, checkRows, isDone } from '../state/checks.ts';
import type { Context } from '../state/context.ts';
import { type Content, windowStart } from '../text/frame.ts';
import { type Line, type Span, line, selected, span } from '../text/span.ts';
import type { Judged } from '../twin/checks.ts';
import type { PlannedCheck } from '../../scenario/plan.ts';

/** Pane 3: what the scenario promises, of the world as it is now and of its own steps. */
export function checksPane(context: Context, height: number): Content {
  const { state, twin } = context;
  const rows = checkRows(context);
  const { base } = twin.promises;
  const filter = state.filters.checks === '' ? '' : `  /${state.filters.checks}`;
  const title = `3 checks${countsOf(context, base)}${filter}`;
  if (rows.length === 0) {
    const why =
      filter !== ''
        ? 'no check holds the text; esc clears the filter'
        : twin.source.loaded === null
          ? 'a snapshot promises nothing'
          : 'this scenario promises nothing';
    return { title, lines: [line(span(why, 'dim'))] };
  }
  const isHere = state.focus === 'checks';
  const start = windowStart(rows.length, isHere ? state.checks.cursor : latest(rows, context), height);
  const lines = rows
    .slice(start, start + height)
    .map((row, index) =>
      selected(rowLine(row, context, isHere && start + index === state.checks.cursor), isHere && start + index === state.checks.cursor),
    );
  return { title, lines, foot: rows.length > height ? `${state.checks.cursor + 1}/${rows.length}` : '' };
}

/** While the keys go elsewhere, the step of the scenario that was done last is in sight. */
function latest(rows: readonly CheckRow[], context: Context): number {
  const row = rows.findLastIndex((one) => one.kind === 'step' && isDone(context, one.step));
  return row < 0 ? context.state.checks.cursor : row;
}

const MAX_COUNTED = 500;

/** How many of the world's promises hold; what is unknown neither holds nor fails. Of very many only those in sight are asked. */
function countsOf({ state, twin }: Context, base: readonly PlannedCheck[]): string {
  if (base.length === 0 || base.length > MAX_COUNTED) return '';
  const verdicts = base.map((check) => twin.verdict(check, state.edits.done));
  const known = verdicts.filter((judged) => judged !== null);
  if (known.length < base.length) return `  … ${known.length}/${base.length}`;
  const unknown = known.filter(({ verdict }) => verdict === 'unknown').length;
  const failed = known.filter(({ verdict }) => verdict === 'fail' || verdict === 'broken').length;
  if (failed > 0) return `  ✘ ${failed} of ${base.length} ${failed === 1 ? 'fails' : 'fail'}${unknown === 0 ? '' : `, ${unknown} unknown`}`;
  if (unknown > 0) return `  ? ${unknown} unknown${unknown === base.length ? '' : ` of ${base.length}`}`;
  return base.length === 1 ? '  ✔ it holds' : `  ✔ all ${base.length} hold`;
}

function rowLine(row: CheckRow, context: Context, isHere: boolean): Line {
  const mark = isHere ? '▸' : ' ';
  if (row.kind === 'step') {
    const done = isDone(context, row.step);
    const label = `step ${row.step.index + 1}: ${row.step.name}`;
    return line(
      mark,
      span(done ? '● ' : '○ ', done ? 'strong' : 'dim'),
      span(label, done ? 'strong' : 'plain'),
      span(done ? ' done' : '', 'dim'),
    );
  }
  if (row.step !== null) return stepCheckLine(row.check, row.step.index, context, mark);
  const judged = context.twin.verdict(row.check, context.state.edits.done);
  const before = context.state.edits.done.length === 0 ? null : context.twin.verdict(row.check, []);
  const changed = judged !== null && before !== null && judged.verdict !== before.verdict ? [span(` (was ${before.verdict})`, 'warn')] : [];
  return line(mark, ...verdictSpans(judged), span(row.check.name), ...changed, ...whySpans(judged));
}

/** Checks of a step are judged when the step is done, as `podwalk run` does. */
function stepCheckLine(check: PlannedCheck, index: number, { state, twin }: Context, mark: string): Line {
  const doneAt = state.edits.done.findIndex((edit) => edit.kind === 'step' && edit.index === index);
  if (doneAt < 0) return line(mark, span(`  · ${check.name}`, 'dim'));
  const result = twin
    .at(state.edits.done.slice(0, doneAt + 1))
    .results.find(({ name, place }) => name === check.name && place.line === check.place.line && place.col === check.place.col);
  const judged: Judged | null =
    result === undefined
      ? null
      : {
          verdict: result.verdict,
          why: result.mismatches.map(({ field, expected, happened }) => `${field}: expected ${expected}, but ${happened}`)[0] ?? '',
        };
  return line(mark, '  ', ...verdictSpans(judged), check.name, ...whySpans(judged));
}

function verdictSpans(judged: Judged | null): Span[] {
  switch (judged?.verdict) {
    case undefined:
      return [span('… ', 'dim')];
    case 'pass':
      return [span('✔ ', 'good')];
    case 'fail':
      return [span('✘ ', 'bad')];
    case 'unknown':
      return [span('? ', 'warn')];
    case 'broken':
      return [span('! ', 'bad')];
  }
}

function whySpans(judged: Judged | null): Span[] {
  return judged === null || judged.verdict === 'pass' || judged.why === '' ? [] : [span(`  ${judged.why}`, 'dim')];
}
