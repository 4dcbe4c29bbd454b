/** An empty record without a prototype, so that a key may be called `constructor`. */
export function emptyRecord<T>(): Record<string, T> {
  const record: Record<string, T> = {};
  Object.setPrototypeOf(record, null);
  return record;
}

/** The value of an own key, or `undefined`. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Takes a key out of a record, in place. */
export function remove(record: Record<string, unknown>, key: string): void {
  Reflect.deleteProperty(record, key);
}
