import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { meantReason } from '../../../src/scenario/check/reasons.ts';

const root = path.join(import.meta.dirname, '../../..');

/** The codes with which the source ends a walk, or leaves it open. */
function codesOfSource(): string[] {
  const files = ['linux', 'azure', 'walk', 'kube', 'snapshot', 'aks'].flatMap((layer) => {
    const folder = path.join(root, 'src', layer);
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name));
  });
  const texts = files.filter((file) => file.endsWith('.ts')).map((file) => readFileSync(file, 'utf8'));
  const ends = /(?:\b(?:dropped|endedAt|refuse|unknown|drop|fail|discard)\([^'()\n]*|\b[Rr]eason\w* ?[:=] |^ {2}\| )'([A-Z][A-Z0-9_]+)'/gm;
  return texts.flatMap((text) => [...text.matchAll(ends)].map((match) => match[1] ?? ''));
}

test('no code that a walk can have is taken for a slip of the pen', () => {
  const codes = new Set(codesOfSource());
  expect(codes.size).toBeGreaterThan(80);
  expect([...codes].filter((code) => meantReason(code) !== null)).toEqual([]);
});

test('no code that the documents name is taken for a slip of the pen', () => {
  const text = readFileSync(path.join(root, 'docs/unknown.md'), 'utf8');
  const codes = [...text.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g)].map((match) => match[1] ?? '');
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => meantReason(code) !== null)).toEqual([]);
});

test('a slip of the pen is known for what was meant', () => {
  expect(['NETFILTR_DROP', 'AZURE_NSG_IN_NIX', 'NEIGH_FAIL'].map(meantReason)).toEqual([
    'NETFILTER_DROP',
    'AZURE_NSG_IN_NIC',
    'NEIGH_FAILED',
  ]);
});
