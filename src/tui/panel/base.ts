import { stepLine } from '../../report/trace/text.ts';
import { type Context, walked } from '../state/context.ts';
import type { Content } from '../text/frame.ts';
import { type Line, type Tone, line, span, wrap } from '../text/span.ts';
import type { Judged } from '../twin/checks.ts';
import { editLabel } from '../twin/edit.ts';
import type { Moved } from '../twin/timeline.ts';
import type { Walked } from '../twin/twin.ts';
import { tabTitle } from './tabs.ts';
import { namedPlaces, outcomeSign } from './words.ts';

/** What the edits changed: the same packet in the base and now, where the two walks part, and which checks turned. */
export function basePane(context: Context, width: number): Content {
  const { state, twin } = context;
  const title = tabTitle(context, width);
  const { done, undone } = state.edits;
  if (done.length === 0)
    return {
      title,
      lines: wrap('Nothing is edited: this is the base. e changes something here; D shows what that changed.', width, 'dim'),
    };
  const base = twin.walkInBase(state.request, done);
  const now = walked(context);
  return {
    title,
    lines: [
      ...done.map((edit, index) => line(span(`${index + 1}. `, 'dim'), editLabel(edit))),
      ...undone.toReversed().map((edit) => line(span(`   ${editLabel(edit)} (taken back)`, 'dim'))),
      ...verdict('base', base, context, width),
      ...verdict('now', now, context, width),
      ...parting(base, now, context, width),
      ...turnedChecks(context),
    ],
  };
}

function verdict(label: string, found: Walked, { state, twin }: Context, width: number): Line[] {
  const head = span(label.padEnd(6), 'dim');
  if (found.kind === 'refused') return [line(head, span(`✘ ${found.message}`, 'bad'))];
  const { trace } = found;
  const { sign, tone } = outcomeSign(trace.outcome);
  const word = `${sign} ${trace.outcome.toUpperCase()}${trace.reason === null ? '' : ` ${trace.reason}`}`;
  const names = twin.placeNames(state.edits.done);
  return [line(head, span(word, tone)), ...wrap(namedPlaces(trace.text, names), width - 8).map((part) => line('      ', ...part.spans))];
}

/** The first step that is another one. */
function parting(base: Walked, now: Walked, { state, twin }: Context, width: number): Line[] {
  if (base.kind !== 'trace' || now.kind !== 'trace') return [];
  const before = twin.timeline(base.trace, state.walk.detail, '').steps;
  const after = twin.timeline(now.trace, state.walk.detail, '').steps;
  const index = before.findIndex((step, at) => said(step) !== said(after[at]));
  if (index < 0 && before.length === after.length) return [line(span('The walk is the same, step by step.', 'dim'))];
  const at = index < 0 ? before.length : index;
  const names = twin.placeNames(state.edits.done);
  return [
    line(span(`The walks part at step ${at + 1}:`, 'strong')),
    ...oneSide('- ', before[at], names, width),
    ...oneSide('+ ', after[at], names, width),
  ];
}

function said(moved: Moved | undefined): string {
  return moved === undefined ? '' : `${moved.hop.at} ${moved.step.stage} ${moved.step.verb} ${stepLine(moved.step, 'summary')}`;
}

function oneSide(mark: string, moved: Moved | undefined, names: ReadonlyMap<string, string>, width: number): Line[] {
  const text = moved === undefined ? 'nothing: the walk has ended' : namedPlaces(said(moved), names);
  return wrap(text, width - 3).map((part, index) => line(span(index === 0 ? mark : '  ', 'changed'), ...part.spans));
}

const MAX_COMPARED = 500;

function turnedChecks({ state, twin }: Context): Line[] {
  const { base } = twin.promises;
  if (base.length > MAX_COMPARED) return [];
  const turned = base.flatMap((check) => {
    const before = twin.verdict(check, []);
    const after = twin.verdict(check, state.edits.done);
    return before !== null && after !== null && before.verdict !== after.verdict ? [{ check, before, after }] : [];
  });
  if (turned.length === 0) return base.length === 0 ? [] : [line(span('No check of the scenario turned.', 'dim'))];
  return turned.map(({ check, before, after }) =>
    line(span(`${before.verdict} → ${after.verdict}  `, verdictTone(after.verdict)), check.name),
  );
}

function verdictTone(verdict: Judged['verdict']): Tone {
  return verdict === 'pass' ? 'good' : verdict === 'unknown' ? 'warn' : 'bad';
}
