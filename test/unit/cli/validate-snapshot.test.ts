import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { podwalk } from './program.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'podwalk-validate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const UNSOUGHT = ['nft.json', 'tc.json', 'bpf.json', 'ipvs.txt', 'xfrm.txt'];

/** A snapshot of a machine `m`; each namespace has these files, all of them empty. */
function snapshot(name: string, namespaces: Readonly<Record<string, readonly string[]>>): string {
  const at = path.join(folder, name);
  for (const [netns, files] of Object.entries(namespaces)) {
    mkdirSync(path.join(at, 'm', netns), { recursive: true });
    for (const file of files) writeFileSync(path.join(at, 'm', netns, file), '');
  }
  const machines = { m: { kind: 'node', namespaces: Object.keys(namespaces) } };
  writeFileSync(path.join(at, 'snapshot.json'), JSON.stringify({ podwalkSnapshot: 1, machines }));
  return at;
}

async function notes(source: string): Promise<string[]> {
  const { stdout } = await podwalk('validate', source);
  return stdout.match(/(?<=^ {5}note: ).*$/gm) ?? [];
}

describe('podwalk validate notes what nobody looked for', () => {
  test('in one namespace, by its name', async () => {
    const text = 'not collected, so what they would list is taken not to be there';
    expect(await notes(snapshot('one', { root: [] }))).toEqual([`m/root: ${UNSOUGHT.join(', ')}: ${text}`]);
    expect(await notes(snapshot('some', { root: ['nft.json', 'tc.json'] }))).toEqual([`m/root: bpf.json, ipvs.txt, xfrm.txt: ${text}`]);
  });

  test('once for all namespaces that lack the same, and not where somebody looked', async () => {
    const all = await notes(snapshot('two', { root: [], pod: [], 'looked-for': UNSOUGHT }));
    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(/^m\/root and 1 more: nft\.json, /);
    expect(await notes(snapshot('full', { root: UNSOUGHT }))).toEqual([]);
  });

  test('and nothing of an export, which remembers what it holds', async () => {
    const exported = path.join(folder, 'exported');
    await podwalk('export', 'scenarios/aks-azure.yaml', '--output', exported);
    expect(await notes(exported)).toEqual([]);
  });
});

describe('podwalk validate notes what is misspelt', () => {
  test('files and keys that no snapshot has, and none of those that it may have', async () => {
    const at = snapshot('misspelt', { root: [...UNSOUGHT, 'iptable.txt', 'route6.json', 'ip6tables.txt'] });
    const machines = { m: { kind: 'node', namespaces: ['root'] } };
    writeFileSync(path.join(at, 'snapshot.json'), JSON.stringify({ podwalkSnapshot: 1, machines, wire: [] }));
    const text = 'is not read: no part of a snapshot has this name';
    expect(await notes(at)).toEqual([`${at}/snapshot.json: "wire" ${text}`, `${at}/m/root/iptable.txt ${text}`]);
    const exported = path.join(folder, 'exported-too');
    await podwalk('export', 'scenarios/aks-azure.yaml', '--output', exported);
    writeFileSync(path.join(exported, 'azure/nics.json'), '[]');
    expect(await notes(exported)).toEqual([`${exported}/azure/nics.json ${text}`]);
  });
});
