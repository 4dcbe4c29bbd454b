import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { CLOUD } from './claims-azure.ts';
import { LINUX } from './claims-linux.ts';
import { KNOWN } from './known.ts';
import { figures, fidelityPage } from './table.ts';
import { readRandomRun, tallyRecordings } from './tally.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGE = path.join(ROOT, 'docs/fidelity.md');
const GROUPS = [...LINUX, ...CLOUD];

describe('the fidelity table', () => {
  const recorded = tallyRecordings();
  const random = readRandomRun();

  it('says what the probes say', async () => {
    const style = await resolveConfig(PAGE);
    const page = await format(fidelityPage(GROUPS, recorded, random, KNOWN), { ...style, parser: 'markdown' });
    if (process.env['FIDELITY'] === 'write') writeFileSync(PAGE, page);
    expect(readFileSync(PAGE, 'utf8')).toBe(page);
  });

  it('and the README has the same figures', () => {
    const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8').replaceAll(/\s+/g, ' ');
    for (const line of figures(recorded, random)) expect(readme).toContain(line);
  });

  it('names tests that are there, and behaviours only once', () => {
    const claims = GROUPS.flatMap((group) => group.claims);
    expect(claims.flatMap(({ tests }) => tests).filter((test) => !existsSync(path.join(ROOT, test)))).toEqual([]);
    expect(new Set(claims.map(({ behaviour }) => behaviour)).size).toBe(claims.length);
  });

  it('claims nothing of the kernel that no probe has met', () => {
    const met = (fact: string): boolean => recorded.facts.has(fact) || random?.facts.has(fact) === true;
    const unmet = GROUPS.flatMap((group) => group.claims).flatMap(({ behaviour, evidence }) =>
      evidence
        .flatMap((one) => (one.kind === 'kernel' ? one.facts : []))
        .filter((fact) => !met(fact))
        .map((fact) => `${behaviour}: ${fact}`),
    );
    expect(unmet).toEqual([]);
  });
});
