import type { Probe } from '../../walk/probe.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { RandomCase } from './case.ts';
import { commandOf } from '../kernel/edits.ts';
import { writeSnapshot } from '../write-snapshot.ts';
import { caseScenario } from './case-scenario.ts';
import type { TruthProbe } from '../kernel/truth.ts';

/**
 * A case as files: a snapshot directory that any command takes, its probes, a scenario that promises what the kernel did, and how to ask
 * again.
 * @param release `uname -r` of the kernel that was asked
 */
export function caseFiles(found: RandomCase, truths: readonly TruthProbe[], release: string): ReadonlyMap<string, string> {
  const { files } = writeSnapshot(found.world);
  const probes = found.probes.map((probe) => `${JSON.stringify(probeLine(probe))}\n`).join('');
  const flag = found.state === 'shared' ? '' : ` --${found.state}`;
  const changes = found.edits.map(
    (edit) => `before ${found.probes[edit.before]?.id ?? edit.before}, in ${edit.netns}: ${commandOf(edit).join(' ')}\n`,
  );
  const again = [
    `npx podwalk verify . --probes probes.jsonl${flag}\n`,
    'npx podwalk run scenario.yaml   holds once the twin does what the kernel did\n',
    `found with: npx podwalk verify --random 1 --seed ${found.seed}\n`,
    ...(changes.length === 0 ? [] : ['between the probes, which no probe file can say:\n', ...changes]),
  ];
  const scenario = caseScenario(found, truths, release);
  return new Map([...files, ['probes.jsonl', probes], ['scenario.yaml', scenario], ['README.txt', again.join('')]]);
}

/** A probe as a line of a probe file. */
function probeLine(probe: Probe): Record<string, string | number | boolean> {
  const { id, label, proto, dst, dport, sport, src, ttl, sizeBytes, df, mark, tos, spoof, bindDev } = probe;
  const fields = {
    id,
    from: label,
    proto,
    dst: formatIpv4(dst),
    dport,
    sport,
    src: src === undefined ? undefined : formatIpv4(src),
    ttl,
    size: sizeBytes,
    df,
    mark,
    tos,
    spoof: spoof === undefined ? undefined : formatIpv4(spoof),
    bindDev,
  };
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string | number | boolean] => field[1] !== undefined));
}
