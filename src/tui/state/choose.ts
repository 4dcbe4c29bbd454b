import { OPERATIONS } from '../../scenario/operation/operations.ts';
import { isProblem, parseEndpoint } from '../../aks/endpoint/syntax.ts';
import type { Place } from '../twin/endpoints.ts';
import { flow } from '../twin/edit.ts';
import { matching } from '../twin/fuzzy.ts';
import type { Offer } from '../twin/offers.ts';
import { skeleton } from '../twin/skeleton.ts';
import { splitTarget } from '../twin/request.ts';
import type { Key } from '../keys/key.ts';
import { typedText } from '../keys/key.ts';
import { type Context, clampTo, saying } from './context.ts';
import { edited } from './edits.ts';
import { askExport } from './exporting.ts';
import { asked, closed, opened } from './modal.ts';
import { hereOffers, herePlace } from './offers.ts';
import { requested, withTarget } from './packet.ts';
import { EXPORT_FORMATS, type Modal, type State } from './state.ts';
import { atPlace } from './tables.ts';

/** One line of a list to choose from. */
export interface Choice {
  readonly label: string;
  readonly about: string;
  /** Why it can not be chosen; null when it can. */
  readonly blocked: string | null;
  readonly pick: (context: Context) => State;
}

/** A list of choices of which only those in sight are made. */
export interface Choices {
  readonly count: number;
  readonly at: (index: number) => Choice | null;
}

type Choose = Extract<Modal, { kind: 'choose' }>;

/** A command for the palette: the keymap gives them. */
export type PaletteEntry = { readonly name: string; readonly keys: string; readonly choice: Choice };

/** What the open list offers. @param palette every command, for `:` */
export function choicesOf(context: Context, { of, query }: Choose, palette: (context: Context) => readonly PaletteEntry[]): Choices {
  switch (of) {
    case 'from':
    case 'to':
      return placeChoices(context, of, query);
    case 'place':
      return listed(
        placesToLookInto(context).filter(Boolean),
        query,
        ({ at, called }) => `${called} ${at}`,
        ({ at, called }) => ({
          label: called,
          about: called === at ? '' : at,
          blocked: null,
          pick: ({ state }) => atPlace(closed(state), at),
        }),
      );
    case 'edit':
      return listed([...hereOffers(context), OTHER], query, ({ label }) => label, offerChoice);
    case 'operation':
      return listed(
        OPERATIONS,
        query,
        ({ name, description }) => `${name} ${description}`,
        (operation) => ({
          label: operation.name,
          about: operation.description,
          blocked: null,
          pick: (here) =>
            asked(closed(here.state), { for: 'operation', name: operation.name }, skeleton(operation, herePlace(here), here.state.request)),
        }),
      );
    case 'command':
      return listed(
        palette(context),
        query,
        ({ choice, name }) => `${name} ${choice.label}`,
        ({ choice }) => choice,
      );
    case 'export':
      return listed(
        EXPORT_FORMATS,
        query,
        (format) => format,
        (format) => ({ label: format, about: EXPORT_ABOUT[format], blocked: null, pick: (here) => askExport(here, format) }),
      );
    case 'clock':
      return listed(
        CLOCK,
        query,
        ({ duration }) => duration,
        ({ duration, about }) => ({
          label: duration === '' ? 'another time …' : `+ ${duration}`,
          about,
          blocked: null,
          pick: (here) =>
            duration === ''
              ? asked(closed(here.state), { for: 'advance' }, '60s')
              : edited({ ...here, state: closed(here.state) }, { kind: 'advance', duration }),
        }),
      );
  }
}

const EXPORT_ABOUT = {
  text: 'the walk as people read it',
  markdown: 'for an issue or a runbook',
  json: 'the trace, for programs',
  pcapng: 'for Wireshark: one interface per device, a comment on each packet',
  svg: 'the map with the walk on it',
} as const;

const CLOCK = [
  { duration: '1s', about: '' },
  { duration: '30s', about: 'Azure looks at its routes again' },
  { duration: '60s', about: 'ip-masq-agent writes its rules again' },
  { duration: '180s', about: 'UDP connections that were answered are forgotten' },
  { duration: '5m', about: 'the load balancer forgets idle connections' },
  { duration: '1h', about: 'kube-proxy writes everything anew' },
  { duration: '', about: '' },
] as const;

const OTHER: Offer = { label: 'any other operation …', role: 'other', does: { kind: 'blocked', why: '' } };

function listed<T>(items: readonly T[], query: string, textOf: (item: T) => string, choice: (item: T) => Choice): Choices {
  const found = matching(items, query, textOf);
  return {
    count: found.length,
    at: (index) => {
      const item = found[index];
      return item === undefined ? null : choice(item);
    },
  };
}

function offerChoice(offer: Offer): Choice {
  const { label, does } = offer;
  if (offer === OTHER)
    return { label, about: 'every operation that a scenario file knows', blocked: null, pick: ({ state }) => opened(state, 'operation') };
  switch (does.kind) {
    case 'edit':
      return { label, about: '', blocked: null, pick: (here) => edited({ ...here, state: closed(here.state) }, does.edit) };
    case 'ask':
      return {
        label: `${label} …`,
        about: '',
        blocked: null,
        pick: (here) => asked(closed(here.state), { for: 'operation', name: does.name }, flow(does.args)),
      };
    case 'blocked':
      return { label, about: does.why, blocked: does.why, pick: ({ state }) => state };
  }
}

/** The last search through the places of a world: each key looks through what the one before it found. */
const searched = new WeakMap<readonly Place[], { key: string; found: readonly Place[] }>();

const senders = new WeakMap<readonly Place[], readonly Place[]>();

function sendersOf(places: readonly Place[]): readonly Place[] {
  let able = senders.get(places);
  if (able === undefined) senders.set(places, (able = places.filter(({ sends }) => sends)));
  return able;
}

function placeChoices(context: Context, of: 'from' | 'to', query: string): Choices {
  const places = context.twin.places(context.state.edits.done);
  const key = `${of} ${query}`;
  let known = searched.get(places);
  if (known?.key !== key) {
    const able = of === 'from' ? sendersOf(places) : places;
    known = { key, found: matching(able, query, ({ name, about }) => `${name} ${about}`) };
    searched.set(places, known);
  }
  const { found } = known;
  const typed = typedEndpoint(of, query, found);
  const offset = typed === null ? 0 : 1;
  return {
    count: found.length + offset,
    at: (index) => {
      if (typed !== null && index === 0) return typed;
      const place = found[index - offset];
      return place === undefined ? null : placeChoice(of, place);
    },
  };
}

function placeChoice(of: 'from' | 'to', place: Place): Choice {
  return {
    label: place.name,
    about: `${place.kind}  ${place.about}`,
    blocked: null,
    pick: (here) => {
      const { state } = here;
      const { request } = state;
      const next = of === 'from' ? { ...request, from: place.name } : withTarget(request, place);
      return requested({ ...here, state: closed(state) }, next);
    },
  };
}

/** What was typed, taken as an endpoint, where it is one and no place is called so. */
function typedEndpoint(of: 'from' | 'to', query: string, found: readonly Place[]): Choice | null {
  const text = query.trim();
  if (text === '' || isProblem(parseEndpoint(text)) || found.some(({ name }) => name === text)) return null;
  return {
    label: text,
    about: 'as typed',
    blocked: null,
    pick: (here) => {
      const { request } = here.state;
      const next = of === 'from' ? { ...request, from: text } : { ...request, ...splitTarget(text), proto: null };
      return requested({ ...here, state: closed(here.state) }, next);
    },
  };
}

/** Every place that has tables. */
function placesToLookInto({ state, twin }: Context): { at: string; called: string }[] {
  const { world } = twin.at(state.edits.done);
  const names = twin.placeNames(state.edits.done);
  const namespaces = Object.entries(world.machines).flatMap(([machine, { netns }]) =>
    Object.keys(netns).map((name) => `${machine}/${name}`),
  );
  const all = world.fabric === null ? namespaces : [...namespaces, 'fabric/azure'];
  return all.map((at) => ({ at, called: names.get(at) ?? at }));
}

/** A key while a list is open. Letters narrow it. */
export function chooseKey(context: Context, modal: Choose, key: Key, palette: (context: Context) => readonly PaletteEntry[]): State {
  const { state } = context;
  const choices = choicesOf(context, modal, palette);
  const moveTo = (cursor: number): State => ({ ...state, modal: { ...modal, cursor: clampTo(cursor, choices.count) } });
  switch (key) {
    case 'esc':
      return closed(state);
    case 'up':
    case 'ctrl+p':
    case 'shift+tab':
      return moveTo(modal.cursor - 1);
    case 'down':
    case 'ctrl+n':
    case 'tab':
      return moveTo(modal.cursor + 1);
    case 'pageup':
      return moveTo(modal.cursor - 10);
    case 'pagedown':
      return moveTo(modal.cursor + 10);
    case 'home':
      return moveTo(0);
    case 'end':
      return moveTo(choices.count - 1);
    case 'backspace':
      return { ...state, modal: { ...modal, query: Array.from(modal.query).slice(0, -1).join(''), cursor: 0 } };
    case 'ctrl+u':
      return { ...state, modal: { ...modal, query: '', cursor: 0 } };
    case 'enter': {
      const choice = choices.at(modal.cursor);
      if (choice === null) return saying(state, 'nothing here answers to that; backspace, or esc', 'refused');
      return choice.blocked === null ? choice.pick(context) : saying(state, choice.blocked, 'refused');
    }
    default: {
      const text = typedText(key);
      return text === null ? state : { ...state, modal: { ...modal, query: (modal.query + text).slice(0, MAX_QUERY), cursor: 0 } };
    }
  }
}

const MAX_QUERY = 200;
