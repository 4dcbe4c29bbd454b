import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as podwalk from '../../src/index.ts';
import { podwalk as run } from '../unit/cli/program.ts';

const root = path.join(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

/** The fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1] ?? '');
}

describe('the README', () => {
  it('shows a program that runs, and takes no more than fifteen lines', () => {
    const [program = ''] = blocks('js');
    expect(program.trim().split('\n').length).toBeLessThanOrEqual(16);
    const [bundle] = buildSync({
      stdin: { contents: program, resolveDir: root, loader: 'js' },
      alias: { podwalk: path.join(root, 'src/index.ts') },
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
      write: false,
    }).outputFiles;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], { input: bundle?.text ?? '', encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^replied 10\.244\.\d+\.\d+:80$/m);
    expect(stdout).toContain('REPLIED');
  });

  it('shows a walk as the tool prints it, with … where lines are left out', async () => {
    const [, command = '', shown = ''] = /^```\n\$ npx podwalk (.*)\n\n([^]*?)^```$/m.exec(readme) ?? [];
    const args = command.split(' ').map((word) => (word.startsWith('scenarios/') ? path.join(root, word) : word));
    const { stdout } = await run(...args);
    const parts = shown.split('…\n');
    expect(stdout.startsWith(parts[0] ?? '')).toBe(true);
    expect(stdout.endsWith(parts.at(-1) ?? '')).toBe(true);
    expect(parts).toEqual([expect.stringContaining('request'), expect.stringMatching(/^REPLIED .*\n$/)]);
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
    const named = [...readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(([, file = '']) => file);
    expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});
