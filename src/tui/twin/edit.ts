import type { Request } from './request.ts';
import { targetText } from './request.ts';

/** A value that a scenario file can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One thing that was done to the world, as plain data: what a step of a scenario file can say. */
export type Edit =
  | { readonly kind: 'operation'; readonly name: string; readonly args: Json }
  | { readonly kind: 'advance'; readonly duration: string }
  /** The packet is sent for good: what it leaves behind (connections, neighbours) stays. */
  | { readonly kind: 'send'; readonly request: Request }
  /** A step of the scenario itself, by its number from 0, with the walks of its checks. */
  | { readonly kind: 'step'; readonly index: number; readonly name: string };

/** An edit in one line, as its author would say it. */
export function editLabel(edit: Edit): string {
  switch (edit.kind) {
    case 'operation':
      return `${edit.name} ${flow(edit.args)}`;
    case 'advance':
      return `clock + ${edit.duration}`;
    case 'send':
      return `sent ${edit.request.from} to ${targetText(edit.request)}`;
    case 'step':
      return `step ${edit.index + 1}: ${edit.name}`;
  }
}

/** A value in YAML's flow style, the way a person writes it: quotes only where they are needed. */
export function flow(value: Json, nested = false): string {
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map((item) => flow(item, true)).join(', ')}]`;
  const fields = Object.entries(value).map(([key, item]) => `${key}: ${flow(item, true)}`);
  return nested ? `{ ${fields.join(', ')} }` : fields.join(', ');
}

function isList(value: Json & object): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether YAML reads the text back as the same text inside braces without quotes. */
function isPlain(text: string): boolean {
  return (
    /^[A-Za-z0-9_./]+(?:[ :]?[A-Za-z0-9_./@+-]+)*$/.test(text) &&
    !/^(?:true|false|null|~|[-+.\d]+(?:e[-+]?\d+)?|0[xo][\da-f]+)$/i.test(text)
  );
}
