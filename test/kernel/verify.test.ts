import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/cli/program.ts';
import { edit } from '../../src/world/history.ts';
import { Agreement, agreementText, partingText } from '../../src/report/verify/text.ts';
import { PLAIN } from '../../src/report/paint.ts';
import { Judge, verdictsOf } from '../../src/snapshot/kernel/judge.ts';
import { missingFor, thisMachine } from '../../src/snapshot/kernel/requirements.ts';
import { recordedFiles } from './recordings.ts';
import { readRecording } from './recording.ts';

const missing = missingFor(thisMachine());
if (missing.length > 0) console.warn(`left out: podwalk verify in the running kernel (${missing.join('; ')})`);

/** Runs a command line in this process. */
async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
  try {
    return { status: await main(args), out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

/** A recorded snapshot as a folder on disk. */
function unpack(name: string): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'podwalk-verify-')), name);
  for (const [file, text] of recordedFiles()) {
    if (!file.startsWith(`${name}/`)) continue;
    const target = path.join(folder, file.slice(name.length + 1));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  return folder;
}

describe('podwalk verify', () => {
  it('needs something to verify', async () => {
    const { status, err } = await run('verify');
    expect(status).toBe(2);
    expect(err).toContain('needs a source, or --random');
  });

  it('takes either a source or random networks', async () => {
    expect((await run('verify', 'scenarios/azure.yaml', '--random', '3')).status).toBe(2);
  });
});

describe.skipIf(missing.length > 0)('podwalk verify in the running kernel', () => {
  it('agrees on a snapshot with its probes, and says so for each tier', async () => {
    const folder = unpack('case-0000');
    const { status, out } = await run('verify', folder, '--probes', path.join(folder, 'probes.jsonl'), '--cold');
    expect(out).toMatch(
      /outcome +8 of 8 agree\nhops +8 of 8 agree\nrules and conntrack +8 of 8 agree\nneighbours and routes +8 of 8 agree/,
    );
    expect(status).toBe(0);
  });

  it('agrees on a cluster of a scenario, with a router in place of the fabric', async () => {
    const { status, out } = await run('verify', 'scenarios/aks-kubenet.yaml', '--format', 'json');
    const result = JSON.parse(out) as { differing: number; compared: number; notes: string[] };
    expect(result).toMatchObject({ differing: 0, compared: 5 });
    expect(result.notes[0]).toContain('in place of the Azure fabric');
    expect(status).toBe(0);
  });

  it('builds the network of each step of a scenario', async () => {
    const { status, out } = await run('verify', 'scenarios/faults/forward-policy-drop.yaml', '--format', 'json');
    const result = JSON.parse(out) as { differing: number; met: Record<string, number> };
    expect(result.differing).toBe(0);
    expect(result.met).toMatchObject({ 'policy DROP': 1, 'outcome dropped': 1 });
    expect(status).toBe(0);
  });

  it('tells a route that the kernel does not derive from the addresses, and exits 1', async () => {
    const folder = unpack('case-0000');
    const file = path.join(folder, 'lab/p0/route.json');
    const routes = JSON.parse(readFileSync(file, 'utf8')) as object[];
    const wrong = { type: 'unicast', dst: '192.0.2.0/24', dev: 'eth0', table: 'main', protocol: 'kernel', scope: 'link', flags: [] };
    writeFileSync(file, JSON.stringify([...routes, wrong]));
    const { status, out } = await run('verify', folder, '--probes', path.join(folder, 'probes.jsonl'), '--cold');
    expect(out).toContain('neighbours and routes       7 of 8 agree');
    expect(out).toMatch(/routes of lab\/p0\n {2}kernel {2}did not derive it\n {2}twin {4}table 254 unicast 192\.0\.2\.0\/24/);
    expect(status).toBe(1);
  });

  it('agrees on random networks, the same for the same seed', async () => {
    const { status, out } = await run('verify', '--random', '2', '--seed', '2', '--format', 'json', '--jobs', '1');
    expect(JSON.parse(out)).toMatchObject({ verify: 1, source: 'random', seed: 2, cases: 2, compared: 16, differing: 0 });
    expect(status).toBe(0);
  });

  it('names the line of a probe that it cannot send', async () => {
    const folder = unpack('case-0000');
    const file = path.join(folder, 'more.jsonl');
    writeFileSync(file, '{"id":"a","from":"netns/lab/p0","proto":"icmp","dst":"10.50.0.3"}\n{"from":"netns/lab/nowhere"}\n');
    const { status, err } = await run('verify', folder, '--probes', file);
    expect(err).toContain('more.jsonl:2:1: dst is missing');
    expect(status).toBe(2);
  });
});

describe.skipIf(missing.length > 0)('a table that is wrong', () => {
  let judge: Judge;
  beforeAll(async () => {
    judge = await Judge.start();
  });
  afterAll(async () => judge.close());

  it('makes both walks be told up to the point where they part', async () => {
    const { world, session, probes } = readRecording('case-0000');
    // The twin alone lacks its default route.
    const { world: wrong } = edit(world, 'a route goes wrong', (draft) => {
      const p1 = draft.machines['lab']?.netns['p1'];
      if (p1 === undefined) throw new Error('there is no p1');
      p1.fib = p1.fib.map((table) => ({ ...table, routes: table.routes.filter(({ len }) => len !== 0) }));
    });
    const probe = probes.find(({ id }) => id === 'p1')!;
    const asked = { world, session, probes: [probe], state: 'cold' } as const;
    const [verdict] = verdictsOf(await judge.ask(asked), { ...asked, world: wrong });
    const agreement = new Agreement();
    agreement.add(verdict!, world);
    expect(agreement.differing).toBe(1);
    expect(agreementText(agreement, PLAIN)).toMatch(/outcome +0 of 1 agree/);
    const text = partingText(verdict!, PLAIN);
    expect(text).toContain('  kernel  replied\n  twin    send-error, ENETUNREACH');
    expect(text).toContain('  kernel  lab/p1: · eth0');
  });
});
