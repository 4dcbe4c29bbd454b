import { type Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../report/printable.ts';
import { verifyJson } from '../report/verify/json.ts';
import { Agreement } from '../report/verify/text.ts';
import { placeNames } from '../scenario/places.ts';
import type { Verdict } from '../snapshot/kernel/agreement.ts';
import { deriveComparable } from '../snapshot/kernel/derive.ts';
import type { JudgeCase } from '../snapshot/kernel/judge.ts';
import { Judges, usualJudges } from '../snapshot/kernel/judges.ts';
import { CannotBuild } from '../snapshot/kernel/plan/word.ts';
import { missingFor, thisMachine } from '../snapshot/kernel/requirements.ts';
import { counted } from '../wire/counted.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { standardOutput } from './terminal.ts';
import { probesFor } from './verify-probes.ts';
import { type VerifyFlags, statusOf, writeText } from './verify-report.ts';
import { openWorld } from './world.ts';

/** `podwalk verify`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('[source]', 'a scenario file or a snapshot directory; none with --random')
    .option(
      '--probes <file>',
      'probes as JSON lines, or - for standard input; without it, what the scenario checks, or every pair of namespaces',
    )
    .option('--fresh', 'each probe starts from the state of the source')
    .option('--cold', 'as --fresh, and without what is not permanent: connections, neighbours, forwarding entries')
    .option('--random <number>', 'so many random networks in place of a source', within(1, 1_000_000))
    .option('--seed <number>', 'the first of the random networks', within(0, 4_294_967_295), 1)
    .option('--rarities', 'random networks also have what hardly any network has')
    .option('--shrink', 'reduce the first random network that differs to the smallest one that still does, and write it down')
    .option('--output <folder>', 'where to write it (default: podwalk-difference-SEED)')
    .addOption(new Option('--format <form>', 'form of the output').choices(['text', 'json']).default('text'))
    .option('--jobs <number>', 'networks at a time (default: three for each processor)', within(1, 256))
    .option('--lenient', 'unknown matches and targets of a snapshot make walks UNKNOWN instead of being errors')
    .option('--root <folder>', 'files may be included from here and below')
    .addHelpText('after', NEEDS)
    .action(async (source: string | undefined, flags: VerifyFlags) => finish(await verify(source, flags)));
}

const NEEDS = `
Builds the same network out of anonymous network namespaces in the running kernel, sends the same probes there, and compares hop by hop.
--probes takes one JSON object a line, as trace does: {"id":1,"from":"default/client","proto":"tcp","dst":"default/web","dport":80}.
Needs Linux, root, python3, iproute2, iptables, ipset, ebtables and conntrack. The namespaces have no link to the machine's own network
and are gone when the command ends, however it ends.
Exit status: 0 kernel and twin agree; 1 they differ; 2 something is missing, or a source cannot be built; 3 all that could be compared
agrees, and the twin says UNKNOWN to the rest.`;

function within(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`a whole number from ${min} to ${max} is expected`);
    return value;
  };
}

async function verify(source: string | undefined, flags: VerifyFlags): Promise<Exit> {
  if (flags.fresh === true && flags.cold === true) throw new UsageError('--fresh or --cold, not both');
  if (source === undefined && flags.random === undefined) throw new UsageError('verify needs a source, or --random');
  if (flags.random === undefined && flags.rarities === true) throw new UsageError('--rarities goes with --random');
  if (flags.random === undefined && flags.shrink === true) throw new UsageError('--shrink goes with --random');
  if (flags.random === undefined && flags.output !== undefined) throw new UsageError('--output goes with --random and --shrink');
  if (flags.random !== undefined && flags.probes !== undefined)
    throw new UsageError('random networks bring probes of their own; leave --probes out');
  if (source !== undefined && flags.random !== undefined) throw new UsageError('--random takes the place of a source; leave one out');
  const lacking = missingFor(thisMachine());
  if (lacking.length > 0) throw new UsageError(`the running kernel cannot be asked:\n${lacking.map((line) => `  ${line}`).join('\n')}`);
  try {
    if (source === undefined) return await (await import('./verify-random.ts')).verifyRandom(flags);
    return await verifySource(source, flags);
  } catch (error) {
    if (error instanceof CannotBuild) throw new UsageError(`the running kernel cannot be made to look like this: ${error.message}`);
    throw error;
  }
}

/** Probes that start from the same state whatever went before are spread over the judges. */
const PROBES_IN_A_NETWORK = 64;
const STEPS_NOTE =
  'each step is asked in a network of its own, as its operation left it, without what packets of earlier steps left behind';

async function verifySource(source: string, flags: VerifyFlags): Promise<Exit> {
  const opened = await openWorld(source, flags);
  const { sets, bad } = await probesFor(opened, flags.probes);
  for (const message of bad) process.stderr.write(`podwalk: ${printable(message)}\n`);
  const count = sets.reduce((sum, { probes }) => sum + probes.length, 0);
  if (count === 0)
    throw new UsageError(`there is no probe to send${flags.probes === undefined ? '; --probes FILE names some' : ` in ${flags.probes}`}`);
  const state = flags.cold === true ? 'cold' : flags.fresh === true ? 'fresh' : 'shared';
  const session = opened.start(opened.seed);
  const cases: JudgeCase[] = [];
  const isStepped = sets.length > 1;
  const derived = new Set<string>();
  for (const { world: asked, probes } of sets) {
    const { world, notes } = deriveComparable(asked);
    for (const note of notes) derived.add(note);
    const size = state === 'shared' ? probes.length : PROBES_IN_A_NETWORK;
    for (let at = 0; at < probes.length; at += size) cases.push({ world, session, probes: probes.slice(at, at + size), state });
  }
  if (isStepped) derived.add(STEPS_NOTE);
  const judges = await Judges.start(Math.min(flags.jobs ?? usualJudges(), cases.length));
  try {
    const agreement = new Agreement();
    const differing: Verdict[] = [];
    for await (const { asked, verdicts, error } of judges.all(cases)) {
      if (error !== null) throw error;
      for (const verdict of verdicts) {
        agreement.add(verdict, asked.world);
        if (verdict.differences.length > 0) differing.push(verdict);
      }
    }
    const all = [...opened.notes, ...derived];
    const output = standardOutput();
    if (flags.format === 'json') {
      const facts = { source, kernel: judges.release, seed: null, cases: cases.length, notes: all, notBuilt: [] };
      output.write(verifyJson(facts, agreement, differing));
    } else
      writeText(
        output,
        agreement,
        differing,
        [
          `${source} on Linux ${judges.release}, ${counted(count, 'probe')}, ${stateText(state, isStepped)}`,
          ...all.map((note) => `note: ${note}`),
        ],
        new Map(sets.flatMap((set) => [...placeNames(set.world)])),
      );
    return bad.length > 0 ? EXIT.BAD_INPUT : statusOf(agreement);
  } finally {
    await judges.close();
  }
}

function stateText(state: JudgeCase['state'], isStepped: boolean): string {
  switch (state) {
    case 'cold':
      return 'each from a cold state';
    case 'fresh':
      return 'each from the state of the source';
    case 'shared':
      return isStepped ? 'each in the state that those before it in its step left' : 'each in the state that those before it left';
  }
}
