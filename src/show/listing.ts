import type { Netns } from '../linux/netns.ts';
import type { NetnsSession } from '../linux/netns-session.ts';
import { printable } from './printable.ts';

/** One line of a table. */
export interface Row {
  /** Safe to print: no control characters, tabs as the blanks that a terminal makes of them, nothing at the end. */
  readonly text: string;
  /** Names the entry, as {@link rowsOfStep} of `step-rows.ts` points at it; null for a heading or a line that goes on with the one before. */
  readonly id: string | null;
}

/** A table in the notation of its own tool. */
export interface Listing {
  /** Stays the same from one walk to the next: `route`, `iptables:nat`, `nsg:web`. */
  readonly key: string;
  /** What a person would type to see it. */
  readonly command: string;
  rows(): readonly Row[];
}

/** What the tables of one namespace are listed from. */
export interface NetnsView {
  readonly netns: Netns;
  /** What packets have left behind; null where none came by. */
  readonly session: NetnsSession | null;
  /** The session has forgotten what the tables say was learned. */
  readonly cold: boolean;
  readonly nowMs: number;
  /** The other end of a veth; null where there is none. */
  readonly peer: (dev: string) => Peer | null;
}

/** The other end of a veth, as iproute2 names it. */
export interface Peer {
  /** What stands behind the `@`: a name in the same namespace, else `ifINDEX`. */
  readonly name: string;
  /** Its namespace, where that is another one of the same machine. */
  readonly netns: string | null;
  /** It is in the same namespace and down. */
  readonly isDown: boolean;
}

const TAB_STOP = 8;

/** A row of what a tool prints. */
export function row(text: string, id: string | null): Row {
  return { text: printable(expandTabs(text)).trimEnd(), id };
}

function expandTabs(text: string): string {
  if (!text.includes('\t')) return text;
  let out = '';
  for (const character of text) out += character === '\t' ? ' '.repeat(TAB_STOP - (out.length % TAB_STOP)) : character;
  return out;
}

/** Remembers the rows of frozen tables: those of ten thousand rules are printed once, however often they are looked at. */
export function printedOnce<T extends object>(print: (table: T) => readonly Row[]): (table: T) => readonly Row[] {
  const printed = new WeakMap<T, readonly Row[]>();
  return (table) => {
    if (!Object.isFrozen(table)) return print(table);
    let rows = printed.get(table);
    if (rows === undefined) printed.set(table, (rows = print(table)));
    return rows;
  };
}
