import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { OPERATIONS } from '../../src/scenario/operation/operations.ts';
import { podwalk } from '../unit/cli/program.ts';
import { run } from '../unit/scenario/input.ts';

const guide = path.join(import.meta.dirname, '../../docs/guide');
const folder = mkdtempSync(path.join(tmpdir(), 'podwalk-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(path.join(guide, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => ({ language: match[1] ?? '', text: match[2] ?? '' }));
}

/** `…` stands for anything in a line; a line that is nothing else, for any lines. */
function pattern(expected: string): RegExp {
  const lines = expected.split('\n').map((line) => (line === '…' ? String.raw`(?:[^\n]*\n)*?` : `${literal(line)}\n`));
  return new RegExp(`^${lines.join('')}$`, 'u');
}

function literal(line: string): string {
  return line
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join(String.raw`[^\n]*`);
}

/** Writes files and runs commands in the order of the page; gives what each command was to print and what it printed. */
async function follow(page: string): Promise<{ command: string; expected: string; printed: string }[]> {
  const seen: { command: string; expected: string; printed: string }[] = [];
  for (const { language, text } of blocksOf(page)) {
    const [head = '', ...rest] = text.split('\n');
    const file = /^# (\S+\.yaml)$/.exec(head)?.[1];
    if (language === 'yaml' && file !== undefined) writeFileSync(path.join(folder, file), text);
    if (language !== 'console') continue;
    const [, ...args] = head.replace('$ npx ', '').split(' ');
    const { stdout, stderr } = await podwalk(...args.map((arg) => (arg.endsWith('.yaml') ? path.join(folder, arg) : arg)));
    seen.push({ command: head, expected: rest.join('\n').trimEnd(), printed: (stdout + stderr).replaceAll(`${folder}/`, '').trimEnd() });
  }
  return seen;
}

describe('the guide', () => {
  test('every command of the first page prints what the page says', async () => {
    const steps = await follow('first-scenario.md');
    expect(steps.length).toBeGreaterThan(6);
    for (const { command, expected, printed } of steps) {
      expect(pattern(expected).test(`${printed}\n`), `${command}\n${printed}`).toBe(true);
    }
  });

  test('every scenario on the other pages holds', () => {
    const scenarios = ['scenario-file.md', 'operations.md']
      .flatMap(blocksOf)
      .filter(({ language, text }) => language === 'yaml' && text.includes('cluster:'));
    expect(scenarios.length).toBeGreaterThan(0);
    for (const { text } of scenarios) {
      const { checks } = run(text);
      expect(checks.map(({ name, verdict, mismatches }) => ({ name, verdict, mismatches }))).toEqual(
        checks.map(({ name }) => ({ name, verdict: 'pass', mismatches: [] })),
      );
    }
  });

  test('the probe lines of the guide are walked', async () => {
    const lines = blocksOf('exports.md').find(({ language }) => language === 'jsonl')?.text ?? '';
    const file = path.join(folder, 'probes.jsonl');
    writeFileSync(file, lines);
    const { status, stdout } = await podwalk('trace', 'scenarios/azure.yaml', '--probes', file);
    expect({ status, outcomes: stdout.match(/"outcome":"[a-z]+"/g) }).toEqual({
      status: 0,
      outcomes: Array(3).fill('"outcome":"replied"'),
    });
  });

  test('the page of operations names every operation there is', () => {
    const text = readFileSync(path.join(guide, 'operations.md'), 'utf8');
    const named = [...text.matchAll(/^\| `([a-z-]+)` +\|/gm)].map((match) => match[1]);
    expect(new Set(named)).toEqual(new Set(OPERATIONS.map(({ name }) => name)));
  });

  test('links lead to pages that exist', () => {
    const pages = new Set(readdirSync(guide));
    for (const page of pages) {
      for (const [, link = ''] of readFileSync(path.join(guide, page), 'utf8').matchAll(/\]\(((?!https?:|\.\.)[^)#]+)\)/g))
        expect(pages).toContain(link);
    }
  });
});
