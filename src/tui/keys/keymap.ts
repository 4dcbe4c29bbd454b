import { CHANGE } from '../state/change.ts';
import { CHECKS } from '../state/checks.ts';
import type { PaletteEntry } from '../state/choose.ts';
import type { Command, Context } from '../state/context.ts';
import { redo, scenarioStep, send, undo } from '../state/edits.ts';
import { EXPORT } from '../state/exporting.ts';
import { openHelp } from '../state/help.ts';
import { MATRIX } from '../state/matrix.ts';
import { closed, opened } from '../state/modal.ts';
import { PACKET } from '../state/packet.ts';
import * as panes from '../state/panes.ts';
import { PANES, type Pane, type State, type View } from '../state/state.ts';
import { saying } from '../state/context.ts';
import { TABLES } from '../state/tables.ts';
import * as timeline from '../state/timeline.ts';
import { VIEW } from '../state/views.ts';
import { type Key, keyName } from './key.ts';

/** Where a key means what it means: everywhere, in one pane, or in one view of the last pane. */
export type Where = 'everywhere' | Pane | `view:${View}`;

/** One line of the keymap. */
export interface Binding {
  readonly where: Where;
  readonly keys: readonly Key[];
  readonly command: Command;
}

const palette: Command = { help: 'every command by name', run: ({ state }) => opened(state, 'command') };
const look: Command = { help: 'look into the tables of another place', short: 'place', run: ({ state }) => opened(state, 'place') };

const bind = (where: Where, keys: string, command: Command): Binding => ({ where, keys: keys.split(' '), command });

/** Rows of a table are moved through alike wherever they are shown. */
const rowKeys = (where: Where): Binding[] => [
  bind(where, 'j down', TABLES.down),
  bind(where, 'k up', TABLES.up),
  bind(where, 'pagedown ctrl+d', TABLES.pageDown),
  bind(where, 'pageup ctrl+u', TABLES.pageUp),
  bind(where, 'g home', TABLES.first),
  bind(where, 'G end', TABLES.last),
  bind(where, 'd', CHANGE.remove),
  bind(where, 'i', CHANGE.insert),
];

/** Every key and what it does; `?` shows this table, the palette offers it. A pane's own keys come before those of everywhere. */
export const KEYMAP: readonly Binding[] = [
  bind('packet', 'enter', PACKET.openField),
  bind('packet', 'l right', PACKET.nextField),
  bind('packet', 'h left', PACKET.previousField),
  bind('packet', 'j down', PACKET.nextField),
  bind('packet', 'k up', PACKET.previousField),

  ...(['walk', 'step'] as const).flatMap((pane) => [
    bind(pane, 'j down', timeline.forward),
    bind(pane, 'k up', timeline.back),
    bind(pane, 'pagedown ctrl+d', timeline.pageForward),
    bind(pane, 'pageup ctrl+u', timeline.pageBack),
    bind(pane, 'g home', timeline.first),
    bind(pane, 'G end', timeline.last),
    bind(pane, 'enter', TABLES.openHere),
    bind(pane, 'd', CHANGE.remove),
    bind(pane, 'i', CHANGE.insert),
  ]),

  bind('checks', 'enter', CHECKS.open),
  bind('checks', 'j down', CHECKS.next),
  bind('checks', 'k up', CHECKS.previous),
  bind('checks', 'pagedown ctrl+d', CHECKS.pageDown),
  bind('checks', 'pageup ctrl+u', CHECKS.pageUp),
  bind('checks', 'g home', CHECKS.first),
  bind('checks', 'G end', CHECKS.last),

  ...rowKeys('view:table'),
  bind('view:table', 'enter', TABLES.openHere),
  ...rowKeys('view:conntrack'),
  bind('view:conntrack', 'enter', TABLES.openHere),
  ...rowKeys('view:tables'),
  bind('view:tables', 'enter o', look),
  bind('view:tables', 'l right', TABLES.nextTable),
  bind('view:tables', 'h left', TABLES.previousTable),
  bind('view:why', 'j down', VIEW.whyDown),
  bind('view:why', 'k up', VIEW.whyUp),
  bind('view:map', 'enter', VIEW.zoomIn),
  bind('view:map', 'backspace', VIEW.zoomOut),
  bind('view:map', 'j down', timeline.forward),
  bind('view:map', 'k up', timeline.back),
  bind('view:matrix', 'enter', MATRIX.open),
  bind('view:matrix', 'j down', MATRIX.down),
  bind('view:matrix', 'k up', MATRIX.up),
  bind('view:matrix', 'h left', MATRIX.left),
  bind('view:matrix', 'l right', MATRIX.right),
  bind('view:matrix', 'pagedown ctrl+d', MATRIX.pageDown),
  bind('view:matrix', 'pageup ctrl+u', MATRIX.pageUp),
  bind('view:matrix', 'H', MATRIX.pageLeft),
  bind('view:matrix', 'L', MATRIX.pageRight),
  bind('view:matrix', 'g home', MATRIX.first),
  bind('view:matrix', 'G end', MATRIX.last),

  bind('everywhere', 'l right', timeline.forward),
  bind('everywhere', 'h left', timeline.back),
  bind('everywhere', 'space', timeline.play),
  bind('everywhere', '<', timeline.first),
  bind('everywhere', '>', timeline.last),
  bind('everywhere', '!', timeline.toDrop),
  bind('everywhere', 'r', timeline.nextLeg),
  bind('everywhere', 'w', VIEW.whyNot),
  bind('everywhere', 'e', CHANGE.menu),
  bind('everywhere', 'f', PACKET.openFrom),
  bind('everywhere', 't', PACKET.openTo),
  bind('everywhere', 'p', PACKET.askPort),
  bind('everywhere', 'P', PACKET.nextProtocol),
  bind('everywhere', 'S', PACKET.swap),
  bind('everywhere', 'E', CHANGE.any),
  bind('everywhere', 'a', CHANGE.clock),
  bind('everywhere', 's', send),
  bind('everywhere', 'n', scenarioStep),
  bind('everywhere', 'z', undo),
  bind('everywhere', 'Z', redo),
  bind('everywhere', 'D', panes.toView('base', 'compare with the base: what the edits changed')),
  bind('everywhere', 'm', panes.toView('matrix', 'reachability matrix: who reaches whom', 'matrix')),
  bind('everywhere', 'M', panes.toView('map', 'map with the walk on it', 'map')),
  bind('everywhere', 'T', panes.toView('tables', 'tables of any machine', 'tables')),
  bind('everywhere', 'c', panes.toView('conntrack', 'connections of the place of the step')),
  bind('everywhere', 'v', panes.toView('table', 'the entry that decided, in its table')),
  bind('everywhere', '/', VIEW.filter),
  bind('everywhere', 'L', timeline.detail),
  bind('everywhere', 'y', EXPORT.copyText),
  bind('everywhere', 'Y', EXPORT.copyJson),
  bind('everywhere', 'x', EXPORT.menu),
  bind('everywhere', 'ctrl+s', EXPORT.save),
  bind('everywhere', 'tab', panes.nextPane),
  bind('everywhere', 'shift+tab', panes.previousPane),
  ...PANES.map((pane, index) => bind('everywhere', String(index + 1), panes.toPane(pane, `pane ${index + 1}: ${paneName(pane)}`))),
  bind('everywhere', ']', panes.nextView),
  bind('everywhere', '[', panes.previousView),
  bind('everywhere', '\\', panes.zoom),
  bind('everywhere', '+', panes.widerLeft),
  bind('everywhere', '_ -', panes.widerRight),
  bind('everywhere', ':', palette),
  bind('everywhere', '?', openHelp),
  bind('everywhere', 'esc', panes.escape),
  bind('everywhere', 'ctrl+l', panes.redraw),
  bind('everywhere', 'ctrl+z', panes.suspend),
  bind('everywhere', 'q', panes.quit),
  bind('everywhere', 'Q', panes.quitKeeping),
  bind('everywhere', 'ctrl+c', panes.quitAtOnce),
];

/** What a pane is called. */
export function paneName(pane: Pane): string {
  switch (pane) {
    case 'packet':
      return 'packet';
    case 'walk':
      return 'time line';
    case 'checks':
      return 'checks';
    case 'step':
      return 'step';
    case 'view':
      return 'table, why not, map, matrix …';
  }
}

/** Where the keys of a state go, the nearest first. */
function scopes({ focus, view }: State): readonly Where[] {
  return focus === 'view' ? [`view:${view}`, 'view', 'everywhere'] : [focus, 'everywhere'];
}

/** What a key does where the focus is; null for a key without a meaning. */
export function bindingFor(state: State, key: Key): Binding | null {
  for (const where of scopes(state)) {
    const found = KEYMAP.find((binding) => binding.where === where && binding.keys.includes(key));
    if (found !== undefined) return found;
  }
  return null;
}

/** Every key that works where the focus is, the nearest first; what is hidden by a nearer key is left out. */
export function bindingsInSight(state: State): readonly Binding[] {
  const taken = new Set<Key>();
  const found: Binding[] = [];
  for (const where of scopes(state)) {
    for (const binding of KEYMAP) {
      if (binding.where !== where) continue;
      const keys = binding.keys.filter((key) => !taken.has(key));
      for (const key of keys) taken.add(key);
      if (keys.length > 0) found.push({ ...binding, keys });
    }
  }
  return found;
}

/** Runs a command, or says why it can not run. */
export function perform(context: Context, command: Command): State {
  const why = command.blocked?.(context) ?? null;
  return why === null ? command.run(context) : saying(context.state, why, 'refused');
}

/** Every command that works where the focus is, once with all its keys, to be found by its name. */
export function paletteOf({ state }: Context): readonly PaletteEntry[] {
  const keysOf = new Map<Command, Key[]>();
  for (const { keys, command } of bindingsInSight(state)) keysOf.set(command, [...(keysOf.get(command) ?? []), ...keys]);
  return [...keysOf].map(([command, keys]) => ({
    name: `${command.short ?? ''} ${keys.join(' ')}`,
    keys: keys.map(keyName).join(' '),
    choice: {
      label: command.help,
      about: keys.map(keyName).join(' '),
      blocked: null,
      pick: (context) => perform({ ...context, state: closed(context.state) }, command),
    },
  }));
}
