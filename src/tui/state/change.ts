import { flow } from '../twin/edit.ts';
import type { Offer } from '../twin/offers.ts';
import type { Command, Context } from './context.ts';
import { edited } from './edits.ts';
import { asked, opened } from './modal.ts';
import { hereOffers, rowOffers } from './offers.ts';

/** The removal of what decided here; where the entry can not go, why. */
function removal(context: Context): Offer | null {
  const offers = context.state.focus === 'view' ? rowOffers(context) : hereOffers(context);
  return offers.find(({ role }) => role === 'remove') ?? null;
}

function insertion(context: Context): Extract<Offer['does'], { kind: 'ask' }> | null {
  const offers = context.state.focus === 'view' ? rowOffers(context) : hereOffers(context);
  for (const { role, does } of offers) if (role === 'write' && does.kind === 'ask') return does;
  return null;
}

/** Deletes the entry under the cursor. */
const remove: Command = {
  help: 'delete the entry under the cursor',
  short: 'delete',
  blocked: (context) => {
    const offer = removal(context);
    if (offer === null) return 'there is no entry here that could be deleted';
    return offer.does.kind === 'blocked' ? offer.does.why : null;
  },
  run: (context) => {
    const does = removal(context)?.does;
    return does?.kind === 'edit' ? edited(context, does.edit) : context.state;
  },
};

/** Writes an entry beside the one under the cursor. */
const insert: Command = {
  help: 'write an entry here: a rule before this one, a route, a security rule',
  short: 'insert',
  blocked: (context) => (insertion(context) === null ? 'nothing can be written into this table' : null),
  run: (context) => {
    const does = insertion(context);
    return does === null ? context.state : asked(context.state, { for: 'operation', name: does.name }, flow(does.args));
  },
};

export const CHANGE: {
  readonly menu: Command;
  readonly any: Command;
  readonly remove: Command;
  readonly insert: Command;
  readonly clock: Command;
} = {
  menu: { help: 'change something here: rule, route, link, sysctl, pod, node …', short: 'edit', run: ({ state }) => opened(state, 'edit') },
  any: { help: 'any operation that a scenario file knows', run: ({ state }) => opened(state, 'operation') },
  clock: { help: 'move the clock forward', run: ({ state }) => opened(state, 'clock') },
  remove,
  insert,
};
