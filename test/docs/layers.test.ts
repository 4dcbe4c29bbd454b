import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const IN_SRC = readdirSync('src', { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

function between(file: string, start: string, end: string): string {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(start);
  if (from < 0) throw new Error(`${file} has no ${start}`);
  return text.slice(from + start.length, text.indexOf(end, from + start.length));
}

describe('the layers in CONTRIBUTING', () => {
  const listed = [...between('CONTRIBUTING.md', '```\ncli ', '\n```').matchAll(/^([a-z]+) /gm)].map(([, name = '']) => name);
  const told = ['cli', ...listed];

  it('are the folders of src', () => {
    expect(told.toSorted()).toEqual(IN_SRC.toSorted());
  });

  it('are those that are checked, in their order', () => {
    const checked = [...between('.dependency-cruiser.cjs', 'const LAYERS = [', ']').matchAll(/'([a-z]+)'/g)].map(([, name = '']) => name);
    expect(told).toEqual(checked);
  });
});
