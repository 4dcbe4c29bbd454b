import { PROTOCOLS, type Request } from '../twin/request.ts';
import type { Place } from '../twin/endpoints.ts';
import { type Command, type Context, saying } from './context.ts';
import { asked, opened } from './modal.ts';
import { FIELDS, type State } from './state.ts';
import { settled } from './timeline.ts';

/** Another packet: its walk is on the screen at once. */
export function requested({ state, twin }: Context, request: Request): State {
  const begun: State = { ...state, request, walk: { ...state.walk, cursor: 0, playing: false }, filters: { ...state.filters, walk: '' } };
  return settled({ state: begun, twin });
}

/** The request with another destination: port and protocol are those that answer there. */
export function withTarget(request: Request, place: Place): Request {
  return { ...request, to: place.name, port: place.port, proto: place.proto };
}

const openFrom: Command = { help: 'choose who sends', short: 'from', run: ({ state }) => opened(state, 'from') };
const openTo: Command = { help: 'choose whom to', short: 'to', run: ({ state }) => opened(state, 'to') };
const askPort: Command = {
  help: 'type the destination port',
  short: 'port',
  run: ({ state }) => asked(state, { for: 'port' }, state.request.port ?? ''),
};
const nextProtocol: Command = {
  help: 'next protocol: tcp, udp, icmp, what the destination says',
  short: 'protocol',
  run: (context) => {
    const { proto } = context.state.request;
    const index = proto === null ? -1 : PROTOCOLS.indexOf(proto);
    const next = PROTOCOLS[index + 1] ?? null;
    return requested(context, { ...context.state.request, proto: next });
  },
};

const swap: Command = {
  help: 'swap the two ends',
  blocked: ({ state, twin }) => {
    const { to } = state.request;
    const place = twin.places(state.edits.done).find(({ name }) => name === to);
    if (to.startsWith('svc/')) return 'a service sends nothing, so the ends can not be swapped';
    return place?.sends === false ? `${to} sends nothing, so the ends can not be swapped` : null;
  },
  run: (context) => {
    const { state, twin } = context;
    const { from, to } = state.request;
    const place = twin.places(state.edits.done).find(({ name }) => name === from);
    const turned: Request = { from: to, to: from, port: place?.port ?? null, proto: place?.proto ?? null };
    return saying(requested(context, turned), `now from ${to} to ${from}`);
  },
};

const openField: Command = {
  help: 'change the field under the cursor',
  short: 'change',
  run: (context) => {
    switch (FIELDS[context.state.field] ?? 'from') {
      case 'to':
        return openTo.run(context);
      case 'port':
        return askPort.run(context);
      case 'proto':
        return nextProtocol.run(context);
      case 'from':
        return openFrom.run(context);
    }
  },
};

function fieldBy(by: number): Command['run'] {
  return ({ state }) => ({ ...state, field: (state.field + by + FIELDS.length) % FIELDS.length });
}

const nextField: Command = { help: 'next field', run: fieldBy(1) };
const previousField: Command = { help: 'previous field', run: fieldBy(-1) };

export const PACKET: {
  readonly openFrom: Command;
  readonly openTo: Command;
  readonly askPort: Command;
  readonly nextProtocol: Command;
  readonly swap: Command;
  readonly openField: Command;
  readonly nextField: Command;
  readonly previousField: Command;
} = { openFrom, openTo, askPort, nextProtocol, swap, openField, nextField, previousField };

/** Why a text is no port; null when it is one. */
export function checkedPort(text: string): string | null {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 65_535 ? null : 'a port is a number from 1 to 65535';
  return /^[a-z0-9-]{1,15}$/i.test(text) ? null : 'a port is a number, or the name that a service gives it';
}
