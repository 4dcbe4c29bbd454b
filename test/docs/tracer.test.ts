import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bench, shipped } from '../tui/support.tsx';

const ROOT = path.resolve(import.meta.dirname, '../..');
const GUIDE = path.join(ROOT, 'docs/guide/tracer.md');
const SCREEN = /<!-- keys: (.*) -->\n\n```text\n([\s\S]*?)```/g;

describe('docs/guide/tracer.md', () => {
  const text = readFileSync(GUIDE, 'utf8');
  const [, source = ''] = /npx podwalk tui (\S+)/.exec(text) ?? [];
  const bench = new Bench(shipped(source));
  const shown = [...text.matchAll(SCREEN)].map(([, keys = '', screen]) => ({
    keys,
    screen,
    drawn: `${bench.press(...keys.split(' ')).screen()}\n`,
  }));

  it.each(shown)('shows what stands on the screen after $keys', ({ screen, drawn }) => {
    expect(screen).toBe(drawn);
  });
});

describe('docs/tracer.svg', () => {
  it('is the session that npm run record records', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/record.mjs', '--check'], { cwd: ROOT, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
