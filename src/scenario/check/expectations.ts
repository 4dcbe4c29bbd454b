/** What a check may say about a walk. Every field that is there must hold. */
export interface Expectations {
  readonly expect?: string | string[];
  readonly seenSource?: string | string[];
  readonly backend?: string | string[];
  readonly backends?: string[];
  readonly via?: string | string[];
  readonly notVia?: string | string[];
  readonly replyVia?: string | string[];
  readonly hops?: string[];
  readonly replyHops?: string[];
  readonly reply?: boolean | string;
  readonly reason?: string | string[];
  readonly rule?: string | string[];
  readonly notRule?: string | string[];
  readonly errno?: string;
  readonly icmp?: string;
  readonly mss?: number;
  readonly ttl?: number;
  readonly text?: string;
}

/** One value as a list of one. */
export function list<T>(value: T | readonly T[]): readonly T[] {
  return isList(value) ? value : [value];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** Whether `text` is what `pattern` says; `*` in the pattern stands for any characters. Takes time in proportion to both lengths. */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
