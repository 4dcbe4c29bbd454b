import { describe, expect, it } from 'vitest';
import { Dice, mutant } from './mutate.ts';
import { READERS, type Reader } from './readers.ts';

// PODWALK_FUZZ=1000000 tries more inputs per reader, PROPERTY_SEED=7 others. A failure names the seed of its input:
// PROPERTY_SEED=that PODWALK_FUZZ=1 makes it again.
const inputs = Number(process.env['PODWALK_FUZZ'] ?? 1_000);
const seed = Number(process.env['PROPERTY_SEED'] ?? 1);

/** No single input is worth more; the machine may be busy. */
const MAX_MS = 5_000;
const MAX_MESSAGE_CHARACTERS = 8_192;

/** The words of a reader's own seeds. */
function tokensOf({ seeds }: Reader): string[] {
  return [...new Set(seeds.flatMap((text) => text.match(/[^\s",{}[\]]+/g) ?? []))];
}

/** What is wrong with how a reader took an input; null when nothing is. */
function fault(reader: Reader, text: string): string | null {
  const from = performance.now();
  try {
    const lines = text.split('\n').length;
    for (const { file, line, col, message, expected } of reader.read(text)) {
      if (file === '' || message === '' || expected === '') return `a complaint without file, message or expectation: ${message}`;
      if (!(line >= 1 && col >= 1)) return `a complaint without a place: ${line}:${col} ${message}`;
      if (line > lines + 1 && !reader.name.endsWith('.json')) return `a complaint about line ${line} of ${lines}: ${message}`;
      if (message.length > MAX_MESSAGE_CHARACTERS) return `a message of ${message.length} characters`;
    }
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const ms = performance.now() - from;
  return ms > MAX_MS ? `took ${Math.round(ms)} ms` : null;
}

describe(`readers of foreign text, ${inputs} damaged inputs each from seed ${seed}`, () => {
  it.each(READERS)('$name takes its own kind', (reader) => {
    expect(reader.seeds.length).toBeGreaterThan(0);
    for (const text of reader.seeds) expect({ text, fault: fault(reader, text) }).toEqual({ text, fault: null });
  });

  it.each(READERS)(
    '$name takes or refuses whatever comes',
    (reader) => {
      const tokens = tokensOf(reader);
      for (let i = 0; i < inputs; i++) {
        const text = mutant(new Dice(seed + i), reader.seeds, tokens);
        const found = fault(reader, text);
        // An expectation for each of millions would take longer than the readers do.
        if (found !== null) expect({ seed: seed + i, text, found }).toBeNull();
      }
      expect(inputs).toBeGreaterThan(0);
    },
    600_000,
  );
});
