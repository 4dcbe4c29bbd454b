import { describe, expect, it } from 'vitest';
import { traceSchema } from '../../src/report/trace/schema.ts';
import { parseProbeLine } from '../../src/scenario/probe-line.ts';
import { openSnapshot } from '../../src/scenario/snapshot/open.ts';
import type { Trace } from '../../src/trace/trace.ts';
import { runProbe } from '../../src/walk/run-probe.ts';
import { contractFaults } from './contract.ts';
import { recordedCases, recordedDirectory, recordedFiles } from './recordings.ts';

describe('the JSON of a trace', () => {
  it('is what the contract says, on every recorded probe, each from the state of its snapshot', () => {
    const faults: string[] = [];
    let probes = 0;
    for (const name of recordedCases()) {
      const snapshot = openSnapshot(recordedDirectory(name));
      for (const text of (recordedFiles().get(`${name}/probes.jsonl`) ?? '').split('\n').filter((one) => one !== '')) {
        const parsed = parseProbeLine(text, snapshot.world);
        if ('message' in parsed) throw new Error(`${name}: ${parsed.message}`);
        const trace = runProbe(snapshot.world, snapshot.start(), parsed.probe, { record: 'detailed' });
        probes++;
        const json: Trace = traceSchema.parse(JSON.parse(JSON.stringify(trace)));
        faults.push(...contractFaults(json).map((fault) => `${name}/${trace.id}: ${fault}`));
      }
    }
    expect(faults.slice(0, 10)).toEqual([]);
    expect(probes).toBe(592);
  });
});
