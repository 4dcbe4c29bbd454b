import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isReason } from '../../../src/scenario/check/reasons.ts';
import { problemsOf } from './input.ts';

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

test('no code that a walk can have is refused', () => {
  const codes = new Set(codesOfSource());
  expect(codes.size).toBeGreaterThan(80);
  expect([...codes].filter((code) => !isReason(code))).toEqual([]);
});

test('no code that the documents name is refused', () => {
  const text = readFileSync(path.join(root, 'docs/unknown.md'), 'utf8');
  const codes = [...text.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g)].map((match) => match[1] ?? '');
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !isReason(code))).toEqual([]);
});

/** What is said of a check that expects this. */
function said(expectation: string): string {
  return problemsOf(`cluster: { mode: azure }\nchecks: [{ from: internet, to: '10.224.0.4:80', ${expectation} }]\n`).join('\n');
}

test.each([
  ['reason: NETFILTR_DROP', 'did you mean "NETFILTER_DROP"?'],
  ['reason: AZURE_NSG_IN_NIX', 'did you mean "AZURE_NSG_IN_NIC"?'],
  ['reason: [OTHERHOST, NEIGH_FAIL]', 'did you mean "NEIGH_FAILED"?'],
  ['reason: NO_SUCH_REASON', '"NO_SUCH_REASON"', 'expected a reason code'],
  ['errno: ENETUNREACHABLE', 'did you mean "ENETUNREACH"?'],
  ['errno: ENOSUCH', 'case.yaml:2:56:', 'expected an errno such as ENETUNREACH'],
  ['icmp: 99/9', 'case.yaml:2:55:', 'expected TYPE/CODE of an ICMP error'],
  ['icmp: 3/16', '"3/16"'],
  ['icmp: 8/0', '"8/0"'],
])('a word that no walk can answer is refused: %s', (expectation, ...words) => {
  for (const word of words) expect(said(expectation)).toContain(word);
});

test.each(['reason: IPT_MATCH_STRING', 'reason: EPERM', 'errno: EPERM', 'icmp: 3/*', 'icmp: 11/0'])(
  '%s is a word of walks',
  (expectation) => {
    expect(said(expectation)).toBe('');
  },
);
