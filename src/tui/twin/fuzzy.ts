/** How well a text answers a query: every character of it in order; more for those that stand together or begin a word. Null: not at all. */
function scoreOf(text: string, query: string): number | null {
  let score = 0;
  let from = 0;
  let run = 0;
  for (const character of query) {
    if (character === ' ') continue;
    const found = text.indexOf(character, from);
    if (found < 0) return null;
    run = found === from && from > 0 ? run + 1 : 0;
    const begins = found === 0 || /[/@:. -]/.test(text[found - 1] ?? '');
    score += 1 + run * 3 + (begins ? 4 : 0) - Math.min(found - from, 10) / 10;
    from = found + 1;
  }
  // Of two that fit alike the shorter is meant.
  return score - text.length / 100;
}

/** Items of a list with what is searched in them, in lower case: made once, however often is searched. */
const texts = new WeakMap<readonly unknown[], readonly string[]>();
/** What the last query found, by the items' numbers: one that goes on from it finds nothing else. */
const lastFound = new WeakMap<readonly unknown[], { readonly query: string; readonly found: Uint32Array }>();

const SCORES = 1_000_000;
const ITEMS = 2 ** 30;

/** The items that answer a query, the best first; all, in their order, where nothing is asked. */
export function matching<T>(items: readonly T[], query: string, textOf: (item: T) => string): readonly T[] {
  const wanted = query.toLowerCase();
  if (wanted === '') return items;
  let searched = texts.get(items);
  if (searched === undefined) texts.set(items, (searched = items.map((item) => textOf(item).toLowerCase())));
  const before = lastFound.get(items);
  const among = before !== undefined && wanted.startsWith(before.query) ? before.found : null;
  const count = among?.length ?? items.length;
  // Score and number in one float each: numbers sort ten times as fast as objects.
  const ranks = new Float64Array(count);
  let length = 0;
  for (let at = 0; at < count; at++) {
    const index = among?.[at] ?? at;
    const text = searched[index] ?? '';
    const score = scoreOf(text, wanted);
    if (score === null) continue;
    // A part as it was typed beats letters that are strewn about.
    const whole = text.includes(wanted) ? score + 20 : score;
    ranks[length++] = Math.round(SCORES - whole * 100) * ITEMS + index;
  }
  const sorted = ranks.subarray(0, length).sort();
  const found = Uint32Array.from(sorted, (rank) => rank % ITEMS);
  lastFound.set(items, { query: wanted, found });
  return Array.from(found, (index) => items[index]).filter((item) => item !== undefined);
}
