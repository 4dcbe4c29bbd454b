import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printTable } from '../../../../src/linux/netfilter/print.ts';
import { applyRestore, parseIptablesSave } from '../../../../src/linux/netfilter/restore.ts';

const SHARED = join(import.meta.dirname, '../../../../../shared/data');

function files(folder: string, wanted: RegExp): string[] {
  const path = join(SHARED, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .map((name) => join(path, name))
    .sort();
}

const saves = [
  ...files('kube-proxy/dumps/kernel', /\.save$/),
  ...files('real-dumps', /\.txt$/),
  ...files('calico', /^iptables-save.*\.txt$/),
  ...files('kernel', /\/iptables(?:-legacy)?\.txt$/),
];
const restores = [...files('kube-proxy/dumps/upstream', /\.rules$/), ...files('calico', /\.restore$/)];
if (saves.length === 0) console.warn('skipped: reading 2 sets of recorded iptables dumps; ../shared/data is not here');

/** A dump without the lines that say who made it, and when. */
function normal(text: string): string[] {
  return text.split('\n').filter((line) => !line.startsWith('#') && line.trim() !== '');
}

/** Counters of rules are printed for a whole table or not at all. */
function withoutZeros(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^\[0:0\] /, ''));
}

describe.skipIf(saves.length === 0)('recorded dumps', () => {
  test('every dump of iptables-save is printed back as it was', () => {
    for (const file of saves) {
      const text = readFileSync(file, 'utf8');
      const result = parseIptablesSave(text, file);
      if (!result.ok) throw new Error(`${file}: ${JSON.stringify(result.faults)}`);
      const printed = Object.values(result.tables).map((table) => printTable(table, result.counters));
      expect({ file, lines: withoutZeros(normal(printed.join(''))) }).toEqual({ file, lines: withoutZeros(normal(text)) });
    }
  });

  test('every recorded input of iptables-restore can be read', () => {
    for (const file of restores) {
      // The expected texts of upstream's tests name chains that kubelet makes.
      const result = applyRestore({}, readFileSync(file, 'utf8'), { file, noflush: true, lenient: true });
      expect(result.ok ? [] : result.faults).toEqual([]);
    }
  });
});
