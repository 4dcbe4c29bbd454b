import type { Field } from './field.ts';
import type { Place } from './located.ts';

/** Labels, annotations, node selectors. Read them with {@link labelOf}: a key may be called `constructor`. */
export type Labels = Readonly<Record<string, string>>;

export const NO_LABELS: Labels = Object.freeze({});

/** What every object carries. `namespace` is empty for objects that live in none. */
export interface ObjectMeta {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Where it was written; `null` for what the program itself made. */
  readonly source: Place | null;
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
}

const MAX_LABELS = 256;
const MAX_OWNERS = 16;
const NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_NAME = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** The value of a label, or `undefined`. */
export function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** `namespace/name`. */
export function keyOf(object: { readonly namespace: string; readonly name: string }): string {
  return `${object.namespace}/${object.name}`;
}

/** Orders text by code unit, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Reads `metadata`; `null` when the object has no usable name. */
export function readMeta(object: Field, scope: 'namespaced' | 'cluster', defaultNamespace: string): ObjectMeta | null {
  const metadata = object.mapping('metadata');
  const name = metadata.get('name').required('a name').matching(NAME, 'a name of a-z, 0-9, "-" and "."');
  const namespace = scope === 'cluster' ? '' : (metadata.get('namespace').matching(NAMESPACE, 'a namespace name', 63) ?? defaultNamespace);
  if (name === null) return null;
  return { namespace, name, labels: readLabels(metadata.get('labels')), source: object.place };
}

/** Reads a map of labels or a selector of that form. */
export function readLabels(field: Field): Labels {
  if (!field.present) return NO_LABELS;
  return readMap(field, (value) => value.matching(LABEL_VALUE, 'a label value', 63));
}

/** Reads the annotations whose key starts with one of `prefixes`. */
export function readAnnotations(metadata: Field, prefixes: readonly string[]): Labels {
  const field = metadata.get('annotations');
  if (!field.present) return NO_LABELS;
  return readMap(field, (value, key) => (prefixes.some((prefix) => key.startsWith(prefix)) ? value.text() : null));
}

function readMap(field: Field, read: (value: Field, key: string) => string | null): Labels {
  const entries: [string, string][] = [];
  for (const [key, value] of field.entries(MAX_LABELS)) {
    if (key.length > 317 || !QUALIFIED_NAME.test(key)) {
      value.fail('a key is not well formed', 'a qualified name such as app or example.com/app');
      continue;
    }
    const text = read(value, key);
    if (text !== null) entries.push([key, text]);
  }
  return entries.length === 0 ? NO_LABELS : Object.fromEntries(entries);
}

/** The owner that controls the object, or `null`. */
export function readController(metadata: Field): OwnerReference | null {
  for (const reference of metadata.get('ownerReferences').items(MAX_OWNERS)) {
    if (!reference.get('controller').bool(false)) continue;
    const kind = reference.get('kind').matching(/^[A-Za-z]+$/, 'a kind', 63);
    const name = reference.get('name').matching(NAME, 'a name');
    if (kind !== null && name !== null) return { kind, name };
  }
  return null;
}
