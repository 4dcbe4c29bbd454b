import type { Edit } from '../twin/edit.ts';
import { editLabel } from '../twin/edit.ts';
import { type Command, type Context, saying } from './context.ts';
import type { State } from './state.ts';
import { settled } from './timeline.ts';

/** Makes an edit: walk, checks and matrix are those of the new world at once. What the world does not have is said and changes nothing. */
export function edited(context: Context, edit: Edit): State {
  const { state, twin } = context;
  const refusal = twin.refusal(state.edits.done, edit);
  if (refusal !== null) return saying(state, refusal, 'refused');
  const done = [...state.edits.done, edit];
  const next: State = { ...state, edits: { done, undone: [] } };
  const { notes } = twin.at(done);
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return saying(settled({ state: next, twin }), `${editLabel(edit)}${note} · z takes it back`);
}

export const undo: Command = {
  help: 'take the last edit back',
  short: 'undo',
  blocked: ({ state }) => (state.edits.done.length === 0 ? 'there is no edit to take back; e makes one' : null),
  run: (context) => {
    const { state, twin } = context;
    const last = state.edits.done.at(-1);
    if (last === undefined) return state;
    const edits = { done: state.edits.done.slice(0, -1), undone: [...state.edits.undone, last] };
    return saying(settled({ state: { ...state, edits }, twin }), `taken back: ${editLabel(last)} · Z makes it again`);
  },
};

export const redo: Command = {
  help: 'make the edit again that was taken back',
  blocked: ({ state }) => (state.edits.undone.length === 0 ? 'no edit was taken back' : null),
  run: (context) => {
    const { state, twin } = context;
    const last = state.edits.undone.at(-1);
    if (last === undefined) return state;
    const edits = { done: [...state.edits.done, last], undone: state.edits.undone.slice(0, -1) };
    return saying(settled({ state: { ...state, edits }, twin }), `made again: ${editLabel(last)}`);
  },
};

export const send: Command = {
  help: 'send the packet for good: connections and neighbours that it leaves behind stay',
  run: (context) => edited(context, { kind: 'send', request: context.state.request }),
};

/** The next step of the scenario that was not done yet. */
function nextScenarioStep({ state, twin }: Context): Edit | null {
  const index = state.edits.done.reduce((next, edit) => (edit.kind === 'step' ? edit.index + 1 : next), 0);
  const step = twin.promises.steps[index];
  return step === undefined ? null : { kind: 'step', index, name: step.name };
}

export const scenarioStep: Command = {
  help: "do the next step of the scenario's own story",
  short: 'next step',
  blocked: (context) => {
    if (context.twin.promises.steps.length === 0)
      return context.twin.source.loaded === null ? 'a snapshot has no steps' : 'this scenario has no steps of its own';
    return nextScenarioStep(context) === null ? 'every step of the scenario is done; z takes one back' : null;
  },
  run: (context) => {
    const edit = nextScenarioStep(context);
    return edit === null ? context.state : edited(context, edit);
  },
};
