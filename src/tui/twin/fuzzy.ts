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

/** The items that answer a query, the best first; all, in their order, where nothing is asked. */
export function matching<T>(items: readonly T[], query: string, textOf: (item: T) => string): readonly T[] {
  const wanted = query.toLowerCase();
  if (wanted === '') return items;
  const scored: { item: T; score: number }[] = [];
  for (const item of items) {
    const text = textOf(item).toLowerCase();
    // A part as it was typed beats letters that are strewn about.
    const score = scoreOf(text, wanted);
    if (score !== null) scored.push({ item, score: text.includes(wanted) ? score + 20 : score });
  }
  return scored.sort((a, b) => b.score - a.score).map(({ item }) => item);
}
