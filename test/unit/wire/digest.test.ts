import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hexName, sha1Of, sha256Of } from '../../../src/wire/digest.ts';

const TEXTS = ['', 'a', 'default/web-0', 'ein Gruß', 'x'.repeat(55), 'x'.repeat(56), 'x'.repeat(64), 'x'.repeat(1000), 'b', ''];

describe('sums of texts', () => {
  test('each is what another implementation makes of it, whatever was summed before', () => {
    for (const text of TEXTS) {
      expect(hexName('', sha256Of(text), 64)).toBe(createHash('sha256').update(text).digest('hex'));
      expect(hexName('', sha1Of(text), 40)).toBe(createHash('sha1').update(text).digest('hex'));
    }
  });

  test('names take the first digits, in groups', () => {
    const bytes = Uint8Array.of(0x01, 0x23, 0x45, 0xab, 0xcd, 0xef);
    expect(hexName('azv', bytes, 11)).toBe('azv012345abcde');
    expect(hexName('cni-', bytes, 4, 3, 5)).toBe('cni-0123-45a-bcdef');
  });
});
