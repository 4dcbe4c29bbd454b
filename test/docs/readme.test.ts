import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as podwalk from '../../src/index.ts';

const readme = readFileSync(path.join(import.meta.dirname, '../../README.md'), 'utf8');

/** The fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1] ?? '');
}

describe('the README', () => {
  it('shows a program that runs, and takes no more than fifteen lines', () => {
    const [program = ''] = blocks('ts');
    expect(program.trim().split('\n').length).toBeLessThanOrEqual(16);
    const printed: string[] = [];
    const body = program.replace(/^import \{ (.*) \} from 'podwalk';$/m, 'const { $1 } = podwalk;');
    const run = new Function('podwalk', 'console', body) as (library: unknown, console: unknown) => void;
    run(podwalk, { log: (...words: unknown[]) => printed.push(words.join(' ')) });
    expect(printed[0]).toMatch(/^replied 10\.244\.\d+\.\d+:80$/);
    expect(printed[1]).toContain('REPLIED');
  });

  it('shows a scenario whose checks hold', () => {
    const [text = ''] = blocks('yaml');
    const loaded = podwalk.loadScenario({ file: 'README.md', text }, podwalk.NO_FILES);
    const result = podwalk.runScenario(loaded);
    expect(result.checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['the service answers', 'pass'],
      ['and nobody finds the pod', 'pass'],
    ]);
  });

  it('names commands and files that exist', () => {
    for (const [, file = ''] of readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
      expect(() => readFileSync(path.join(import.meta.dirname, '../..', file)), file).not.toThrow(/ENOENT/);
    }
  });
});
