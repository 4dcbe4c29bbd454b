import { describe, expect, it } from 'vitest';
import { type Verdict, firstDifferences } from '../../src/snapshot/kernel/agreement.ts';
import { Judge } from '../../src/snapshot/kernel/judge.ts';
import { Judges, usualJudges } from '../../src/snapshot/kernel/judges.ts';
import { missingFor, thisMachine } from '../../src/snapshot/kernel/requirements.ts';
import { CannotBuild } from '../../src/snapshot/kernel/plan/word.ts';
import { type RandomCase, randomCase } from '../../src/snapshot/random/case.ts';
import { shrink } from '../../src/snapshot/random/shrink.ts';
import { cloneSession } from '../../src/walk/new-session.ts';
import { writeFind } from './finds.ts';

// KERNEL_RANDOM=1000 KERNEL_SEED=5000 asks for more networks, and for others; WRITE_FINDS=1 keeps the smallest of each that differs.
const CASES = Number(process.env['KERNEL_RANDOM'] ?? 24);
const FIRST = Number(process.env['KERNEL_SEED'] ?? 1);
const SHRINK_BUDGET = 150;
/** A network takes a fifth of a second on an idle machine. */
const CASE_MS = 10_000;
/** Making small what was found takes as long as it takes. */
const SHRINK_MS = 3_600_000;

const missing = missingFor(thisMachine());
if (missing.length > 0) console.warn(`left out: ${CASES} random networks in the running kernel (${missing.join('; ')})`);

/** Probes in which kernel and twin part; what the twin does not know is no difference, nor what comes after it in the same state. */
function differing(of: RandomCase, verdicts: readonly Verdict[]): Verdict[] {
  const unknown = verdicts.findIndex(({ trace }) => trace?.outcome === 'unknown');
  const known = of.state === 'shared' && unknown >= 0 ? verdicts.slice(0, unknown) : verdicts;
  return known.filter(({ thrown, differences, trace }) => trace?.outcome !== 'unknown' && (thrown !== null || differences.length > 0));
}

async function keep(judge: Judge, of: RandomCase, found: Verdict): Promise<string> {
  const tier = found.differences[0]?.tier;
  const asked = (one: RandomCase): RandomCase => ({ ...one, session: cloneSession(one.session) });
  const stillDiffers = async (one: RandomCase): Promise<boolean> => {
    try {
      const verdicts = differing(one, await judge.judge(asked(one)));
      return verdicts.some(({ id, differences }) => id === found.id && differences[0]?.tier === tier);
    } catch (error) {
      // Something stands on what was taken away.
      if (error instanceof CannotBuild) return false;
      throw error;
    }
  };
  const smallest = await shrink(of, stillDiffers, SHRINK_BUDGET);
  const { truths } = await judge.ask(asked(smallest));
  const name = `seed-${of.seed}-${found.id}`;
  writeFind(
    name,
    smallest,
    truths.map(({ truth, given: { atMs } }) => ({ truth, atMs })),
  );
  return name;
}

function* cases(): Generator<RandomCase> {
  for (let seed = FIRST; seed < FIRST + CASES; seed++) yield randomCase(seed);
}

describe.skipIf(missing.length > 0)('the running kernel', () => {
  it(
    `does what the twin does in ${CASES} random networks from seed ${FIRST} on`,
    { timeout: CASES * CASE_MS + (process.env['WRITE_FINDS'] === '1' ? SHRINK_MS : 0) },
    async () => {
      const judges = await Judges.start(usualJudges());
      const keeper = process.env['WRITE_FINDS'] === '1' ? await Judge.start() : null;
      try {
        const finds: string[] = [];
        for await (const { asked, verdicts, error } of judges.all(cases())) {
          if (error !== null) throw error;
          const [first, ...more] = differing(asked, verdicts);
          if (first === undefined) continue;
          const kept = keeper === null ? '' : ` (kept as ${await keep(keeper, randomCase(asked.seed), first)})`;
          finds.push(`seed ${asked.seed}${kept}: ${firstDifferences([first, ...more], 1)}`);
        }
        expect(finds).toEqual([]);
      } finally {
        await Promise.all([judges.close(), keeper?.close()]);
      }
    },
  );
});
