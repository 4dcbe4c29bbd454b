import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matching } from '../../src/tui/twin/fuzzy.ts';

const letter = fc.constantFrom('a', 'b', '/', '-', 'w');
const word = fc.array(letter, { minLength: 1, maxLength: 8 }).map((letters) => letters.join(''));
const itself = (text: string): string => text;

describe('typing a few letters', () => {
  test.prop([fc.array(word, { maxLength: 30 }), word])('finds the same letter by letter as all at once', (items, query) => {
    for (let length = 1; length < query.length; length++) matching(items, query.slice(0, length), itself);
    expect(matching(items, query, itself)).toEqual(matching([...items], query, itself));
  });

  test.prop([fc.array(word, { maxLength: 30 }), word])('finds what holds the letters in order, and nothing else', (items, query) => {
    const pattern = new RegExp(Array.from(query, (one) => one.replace('/', '\\/')).join('.*'));
    expect([...matching(items, query, itself)].sort()).toEqual(items.filter((item) => pattern.test(item)).sort());
  });

  it('puts first what was meant: as typed, at the start of a word, short', () => {
    const items = ['default/somewhere-web', 'default/web', 'default/webhook', 'svc/default/web'];
    expect(matching(items, 'web', itself)[0]).toBe('default/web');
    expect(matching(items, 'svcw', itself)[0]).toBe('svc/default/web');
  });
});
