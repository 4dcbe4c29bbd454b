import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld } from '../../src/cli/world.ts';
import { saveEdits } from '../../src/tui/terminal/exports.ts';
import { Twin } from '../../src/tui/twin/twin.ts';
import { podwalk } from '../unit/cli/program.ts';
import { Bench } from './support.tsx';

let folder: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'podwalk-save-'));
  await podwalk('export', 'scenarios/azure.yaml', '--output', at('snap'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('edits of a snapshot', () => {
  it('are saved as a scenario beside it, which runs', async () => {
    const { world, seed, start, notes } = await openWorld(at('snap'), {});
    const twin = new Twin({ file: at('snap'), loaded: null, text: null, world, seed, start, notes });
    const bench = new Bench(twin);
    bench.press('E').type('set-policy').press('enter', 'ctrl+u');
    bench.type('on: node/node-1, chain: FORWARD, policy: DROP').press('enter', 'ctrl+s');
    expect(bench.screen()).toContain(at('snap-edited.yaml').slice(-30));
    expect(saveEdits(bench, at('snap-edited.yaml'), false)).toMatchObject({ ok: true });
    expect(readFileSync(at('snap-edited.yaml'), 'utf8')).toContain('snapshot: snap\n');
    expect(await podwalk('run', at('snap-edited.yaml'))).toMatchObject({ status: 0, stderr: '' });
  });
});
