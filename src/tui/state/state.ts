import type { Detail } from '../../report/trace/detail.ts';
import type { Edit } from '../twin/edit.ts';
import type { Request } from '../twin/request.ts';

/** The panes in the order of their numbers. */
export const PANES = ['packet', 'walk', 'checks', 'step', 'view'] as const;
export type Pane = (typeof PANES)[number];

/** What the last pane can show. */
export const VIEWS = ['table', 'why', 'conntrack', 'base', 'map', 'matrix', 'tables'] as const;
export type View = (typeof VIEWS)[number];

/** The fields of the packet pane. */
export const FIELDS = ['from', 'to', 'port', 'proto'] as const;

/** What a list that is typed into offers. */
export type Choosing = 'from' | 'to' | 'edit' | 'operation' | 'command' | 'export' | 'clock' | 'place';

/** What a line of text is asked for. */
export type Asking =
  | { readonly for: 'port' }
  | { readonly for: 'filter'; readonly list: FilteredList }
  | { readonly for: 'save' }
  | { readonly for: 'export'; readonly format: ExportFormat }
  | { readonly for: 'operation'; readonly name: string }
  | { readonly for: 'advance' };

/** Lists that a text narrows. */
export const FILTERED = ['walk', 'checks', 'matrix', 'tables'] as const;
export type FilteredList = (typeof FILTERED)[number];

export const EXPORT_FORMATS = ['text', 'markdown', 'json', 'pcapng', 'svg'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What lies over the panes and takes the keys. */
export type Modal =
  | { readonly kind: 'help'; readonly offset: number }
  /** Asks on the last line whether to leave although edits were not saved. */
  | { readonly kind: 'leave'; readonly keepScreen: boolean }
  | { readonly kind: 'choose'; readonly of: Choosing; readonly query: string; readonly cursor: number }
  | {
      readonly kind: 'ask';
      readonly asking: Asking;
      readonly text: string;
      /** The caret, in characters. */
      readonly caret: number;
      /** The text was put there and not touched yet: what is typed first takes its place. */
      readonly selected: boolean;
      /** Why the text was not taken. */
      readonly problem: string | null;
      /** What the list said before, for escape. */
      readonly before: string;
    };

/** The last line: what a key did, or why it did nothing. */
export interface Status {
  readonly tone: 'said' | 'refused';
  readonly text: string;
}

/** What the terminal is to do, told as data. */
export type Effect =
  | { readonly kind: 'quit'; readonly keepScreen: boolean }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'copy'; readonly format: 'text' | 'json' }
  | { readonly kind: 'save'; readonly file: string; readonly overwrite: boolean }
  | { readonly kind: 'export'; readonly file: string; readonly format: ExportFormat; readonly overwrite: boolean };

/** Everything that a key can change, as plain data. What follows from it is asked of the twin. */
export interface State {
  readonly size: { readonly columns: number; readonly rows: number };
  readonly request: Request;
  readonly edits: { readonly done: readonly Edit[]; readonly undone: readonly Edit[] };
  /** The edits as they were saved last. */
  readonly saved: readonly Edit[];
  readonly focus: Pane;
  /** The focused pane fills the screen. */
  readonly zoomed: boolean;
  /** How the room is shared between left and right, from -3 to 3. */
  readonly split: number;
  readonly view: View;
  readonly field: number;
  readonly walk: { readonly cursor: number; readonly playing: boolean; readonly detail: Detail };
  readonly checks: { readonly cursor: number };
  readonly table: { readonly cursor: number | null };
  readonly why: { readonly offset: number };
  readonly matrix: { readonly row: number; readonly column: number };
  /** How near the map is looked at: the cluster, a machine, a namespace. */
  readonly map: { readonly zoom: number };
  /** The namespace whose tables are looked into (null: the step's), which table, which row. */
  readonly tables: { readonly at: string | null; readonly table: number; readonly cursor: number };
  readonly filters: Readonly<Record<FilteredList, string>>;
  readonly modal: Modal | null;
  readonly status: Status | null;
  /** Asked for by the last event; the terminal does them once. */
  readonly effects: readonly Effect[];
}

/** The state that a person finds on starting. */
export function initialState(request: Request, size: State['size']): State {
  return {
    size,
    request,
    edits: { done: [], undone: [] },
    saved: [],
    focus: 'walk',
    zoomed: false,
    split: 0,
    view: 'table',
    field: 0,
    walk: { cursor: 0, playing: false, detail: 'summary' },
    checks: { cursor: 0 },
    table: { cursor: null },
    why: { offset: 0 },
    matrix: { row: 0, column: 0 },
    map: { zoom: 0 },
    tables: { at: null, table: 0, cursor: 0 },
    filters: { walk: '', checks: '', matrix: '', tables: '' },
    modal: null,
    status: null,
    effects: [],
  };
}
