import { rowsOfStep } from '../../show/step-rows.ts';
import { type Offer, offersForPlace, offersForRow, placeText } from '../twin/offers.ts';
import { type Context, currentStep } from './context.ts';
import { currentTable, tableCursor } from './tables.ts';

/** The place that the focus is on, as `on:` of an operation names it; null where none is. */
export function herePlace(context: Context): string | null {
  const { state, twin } = context;
  const at = state.focus === 'view' && state.view === 'tables' ? currentTable(context)?.at : currentStep(context)?.hop.at;
  if (at === undefined || at.startsWith('fabric/')) return null;
  return placeText(at, twin.at(state.edits.done).world, twin.placeNames(state.edits.done));
}

/** What can be changed where one is: the entry under the cursor of a table, or what decided in the step, and its place. */
export function hereOffers(context: Context): Offer[] {
  const { state, twin } = context;
  const { world } = twin.at(state.edits.done);
  const names = twin.placeNames(state.edits.done);
  const row = rowOffers(context);
  if (state.focus === 'view' && state.view === 'tables') return row;
  const moved = currentStep(context);
  if (moved === null) return row;
  const { hop, step } = moved;
  const on = placeText(hop.at, world, names);
  const decided = rowsOfStep(step, hop.at, world).flatMap((ref) => {
    const text = twin.rowText(ref, hop.at, state.request, state.edits.done);
    return text === null ? [] : offersForRow(ref, text, on, world);
  });
  const devices = [...new Set([hop.in, ...(hop.through ?? []), hop.out])].filter((dev) => dev !== undefined && dev !== 'lo');
  const offers = [
    ...row,
    ...decided,
    ...offersForPlace(
      hop.at,
      devices.flatMap((dev) => dev ?? []),
      world,
      names,
    ),
  ];
  return distinct([...offers, ...requestOffers(context)]);
}

/** The entry under the cursor of a table that has the focus. */
export function rowOffers(context: Context): Offer[] {
  const { state, twin } = context;
  if (state.focus !== 'view') return [];
  const table = currentTable(context);
  const row = table?.rows[tableCursor(context)];
  if (table === null || row?.id === null || row === undefined) return [];
  const { world } = twin.at(state.edits.done);
  const on = placeText(table.at, world, twin.placeNames(state.edits.done));
  return offersForRow({ listing: table.listing.key, row: row.id }, row.text, on, world);
}

function requestOffers({ state }: Context): Offer[] {
  const { to } = state.request;
  if (!to.startsWith('svc/')) return [];
  const service = to.slice('svc/'.length).replace(/@.*$/, '');
  return [
    {
      label: `delete service ${service}`,
      role: 'other',
      does: { kind: 'edit', edit: { kind: 'operation', name: 'delete-service', args: { service } } },
    },
  ];
}

function distinct(offers: readonly Offer[]): Offer[] {
  const seen = new Set<string>();
  return offers.filter(({ label }) => {
    if (seen.has(label)) return false;
    seen.add(label);
    return true;
  });
}
