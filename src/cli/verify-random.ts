import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { printable } from '../report/printable.ts';
import { verifyJson } from '../report/verify/json.ts';
import { Agreement } from '../report/verify/text.ts';
import type { Verdict } from '../snapshot/kernel/agreement.ts';
import { caseFiles } from '../snapshot/random/case-files.ts';
import { Judges, usualJudges } from '../snapshot/kernel/judges.ts';
import { CannotBuild } from '../snapshot/kernel/plan/word.ts';
import { type RandomCase, randomCase } from '../snapshot/random/case.ts';
import { shrink } from '../snapshot/random/shrink.ts';
import { counted } from '../wire/counted.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { standardOutput } from './terminal.ts';
import { type VerifyFlags, statusOf, writeText } from './verify-report.ts';

/** How many smaller networks are tried. */
const SHRINK_BUDGET = 1500;
/** Differences that are kept for the report. */
const MAX_KEPT = 1000;

/** `podwalk verify --random N --seed S`: the networks of the seeds S, S+1 …, each with its probes. */
export async function verifyRandom(flags: VerifyFlags): Promise<Exit> {
  const { random: count = 1, seed } = flags;
  const judges = await Judges.start(Math.min(flags.jobs ?? usualJudges(), count));
  try {
    const agreement = new Agreement();
    const differing: Verdict[] = [];
    const notBuilt: { case: string; why: string }[] = [];
    let smallest: RandomCase | null = null;
    for await (const { asked, verdicts, error } of judges.all(cases(seed, count, flags.rarities === true))) {
      if (error instanceof CannotBuild) notBuilt.push({ case: String(asked.seed), why: error.message });
      else if (error !== null) throw error;
      for (const verdict of verdicts.map((one) => ({ ...one, id: `${asked.seed}/${one.id}` }))) {
        agreement.add(verdict, asked.world);
        if (verdict.differences.length === 0) continue;
        smallest ??= asked;
        if (differing.length < MAX_KEPT) differing.push(verdict);
      }
    }
    const output = standardOutput();
    const facts = {
      source: 'random',
      kernel: judges.release,
      seed,
      cases: count,
      notes: flags.rarities === true ? ['the networks have rarities'] : [],
      notBuilt,
    };
    if (flags.format === 'json') output.write(verifyJson(facts, agreement, differing));
    else {
      const head = `${counted(count, 'random network')} on Linux ${judges.release}, ${count === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + count - 1}`}, ${counted(agreement.compared + agreement.unknown, 'probe')}`;
      const failed = notBuilt.map(({ case: name, why }) => `not built: seed ${name}: ${why}`);
      writeText(output, agreement, differing, [head, ...failed]);
      if (smallest !== null)
        output.write(`\nagain: npx podwalk verify --random 1 --seed ${smallest.seed}${flags.rarities === true ? ' --rarities' : ''}\n`);
    }
    if (flags.shrink === true && smallest !== null) await writeSmallest(smallest, differing, judges, flags);
    if (notBuilt.length > 0 && agreement.differing === 0) return EXIT.BAD_INPUT;
    return statusOf(agreement);
  } finally {
    await judges.close();
  }
}

function* cases(seed: number, count: number, rarities: boolean): Generator<RandomCase> {
  for (let at = seed; at < seed + count; at++) yield randomCase(at, { rarities });
}

/** Reduces a case that differs, and writes it down. */
async function writeSmallest(found: RandomCase, differing: readonly Verdict[], judges: Judges, flags: VerifyFlags): Promise<void> {
  const wanted = new Set(differing.filter(({ id }) => id.startsWith(`${found.seed}/`)).map(({ differences }) => differences[0]?.tier));
  const stillDiffers = async (candidate: RandomCase): Promise<boolean> => {
    try {
      const verdicts = await judges.one(candidate);
      return verdicts.some(({ differences }) => differences.some(({ tier }) => wanted.has(tier)));
    } catch (error) {
      // A part that something else needs was taken away.
      if (error instanceof CannotBuild) return false;
      throw error;
    }
  };
  const smallest = await shrink(found, stillDiffers, SHRINK_BUDGET);
  const truths = (await judges.one(smallest)).map(({ kernel }) => kernel);
  const folder = flags.output ?? `podwalk-difference-${found.seed}`;
  try {
    for (const [name, text] of caseFiles(smallest, truths, judges.release)) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new UsageError(`${folder} can not be written: ${String(error.code)}`);
    throw error;
  }
  const namespaces = Object.values(smallest.world.machines).reduce((sum, { netns }) => sum + Object.keys(netns).length, 0);
  process.stderr.write(`podwalk: ${printable(folder)}: ${counted(namespaces, 'namespace')}, ${counted(smallest.probes.length, 'probe')}\n`);
}
