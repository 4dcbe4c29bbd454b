import { watch } from 'node:fs';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DETAILS, type Detail } from '../report/trace/detail.ts';
import type { RunReporter } from '../report/run/reporter.ts';
import { RUN_REPORTERS } from '../report/run/reporters.ts';
import { isAsked, wholePlan } from '../scenario/plan.ts';
import { type ScenarioResult, exitStatus } from '../scenario/result.ts';
import { runScenario } from '../scenario/run.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { SourceError } from '../scenario/source/problem.ts';
import { printable } from '../report/printable.ts';
import { counted } from '../wire/counted.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { type SourceFile, findSources, loadSource, openSource } from './sources.ts';
import { type Output, fileOutput, isReaderGone, paintFor, standardOutput } from './terminal.ts';

interface RunFlags {
  readonly reporter: string;
  readonly output?: string;
  readonly tag: readonly string[];
  readonly bail?: true;
  readonly list?: true;
  readonly watch?: true;
  readonly seed?: number;
  readonly detail?: Detail;
  readonly root?: string;
}

/** `podwalk run`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('<path...>', 'scenario files, or folders of them')
    .addOption(new Option('--reporter <form>', 'form of the report').choices(RUN_REPORTERS.map(({ name }) => name)).default('text'))
    .option('--output <file>', 'write the report to a file')
    .option(
      '--tag <tag>',
      'only scenarios and checks with this tag; may be given again',
      (tag, tags: readonly string[]) => [...tags, tag],
      [],
    )
    .option('--bail', 'stop after the first scenario that does not hold')
    .option('--list', 'say what would run')
    .option('--watch', 'run again whenever a file changes')
    .option('--seed <number>', 'decides what is left to chance', integer)
    .addOption(new Option('--detail <level>', 'also print the walks of checks that do not hold').choices(DETAILS))
    .option('--root <folder>', 'files may be included from here and below')
    .action(async (paths: readonly string[], flags: RunFlags) => {
      if (flags.watch === true) return watchAndRun(paths, flags);
      finish(await runOnce(paths, flags));
    });
}

/** A whole number of an option. */
export function integer(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new InvalidArgumentError('a whole number is expected');
  return Number(text);
}

/** The report takes the place of an earlier one only when there is something to report on. */
async function runOnce(paths: readonly string[], flags: RunFlags): Promise<Exit> {
  if (flags.list === true && flags.reporter !== 'text') throw new UsageError('--list is text; leave --reporter out');
  const scenarios = scenariosIn(paths);
  const listed = flags.list === true ? list(scenarios, flags) : null;
  const output = flags.output === undefined ? standardOutput() : fileOutput(flags.output);
  try {
    if (listed === null) return await runAll(scenarios, flags, output);
    for (const line of listed) output.write(`${line}\n`);
    if (listed.length > 0) return EXIT.OK;
    process.stderr.write('podwalk: nothing to run\n');
    return EXIT.BAD_INPUT;
  } finally {
    output.close();
  }
}

function scenariosIn(paths: readonly string[]): SourceFile[] {
  const sources = findSources(paths);
  if (sources.length === 0) throw new UsageError(`there is no scenario in ${paths.join(', ')}`);
  const scenarios = sources.filter(({ kind }) => kind === 'scenario');
  const snapshot = sources.find(({ kind, found }) => kind === 'snapshot' && (!found || scenarios.length === 0));
  if (snapshot === undefined) return scenarios;
  throw new UsageError(
    `${snapshot.file} is a snapshot directory, which promises nothing: nothing to run; a scenario with snapshot: in it can, podwalk trace sends packets through it`,
  );
}

async function runAll(sources: readonly SourceFile[], flags: RunFlags, output: Output): Promise<Exit> {
  const reporter: RunReporter | undefined = RUN_REPORTERS.find(({ name }) => name === flags.reporter);
  if (reporter === undefined) throw new UsageError(`there is no reporter ${flags.reporter}`);
  const paint = paintFor(flags.output === undefined ? process.stdout : {});
  const options = { paint, detail: flags.detail ?? null };
  const scenarios: ScenarioResult[] = [];
  for await (const result of results(sources, flags)) {
    scenarios.push(result);
    output.write(reporter.scenario(result, options));
    if (flags.bail === true && exitStatus({ scenarios: [result] }) !== EXIT.OK) break;
  }
  const run = { scenarios };
  output.write(reporter.end(run, options));
  if (scenarios.every(({ checks, problems }) => checks.length === 0 && problems.length === 0))
    process.stderr.write('podwalk: nothing to run\n');
  return exitStatus(run);
}

/**
 * Runs sources one by one. Of files that were only found in a folder, those of nothing but Kubernetes objects are left out where a scenario
 * includes them, or where they hold no service.
 */
async function* results(sources: readonly SourceFile[], flags: RunFlags): AsyncGenerator<ScenarioResult> {
  const loaded: { source: SourceFile; scenario: LoadedScenario | ScenarioResult }[] = [];
  for (const source of sources) loaded.push({ source, scenario: await attempt(source.file, () => openSource(source.file, flags.root)) });
  const included = new Set(loaded.flatMap(({ scenario }) => ('document' in scenario ? includesOf(scenario) : [])));
  for (const { source, scenario } of loaded) {
    if ('problems' in scenario) {
      yield scenario;
      continue;
    }
    const skippable = source.found && scenario.plainManifest;
    if (skippable && included.has(path.resolve(source.file))) continue;
    const result = await run(scenario, flags);
    if (result.problems.length === 0 && result.checks.length === 0 && (skippable || flags.tag.length > 0)) continue;
    yield result;
  }
}

function includesOf({ file, scenario }: LoadedScenario): string[] {
  return (scenario.manifests ?? []).flatMap((entry) => (typeof entry === 'string' ? path.resolve(path.dirname(file), entry) : []));
}

async function run(loaded: LoadedScenario, { seed, tag, detail }: RunFlags): Promise<ScenarioResult> {
  const options = { tags: tag, detailed: detail === 'detailed', ...(seed === undefined ? {} : { seed }) };
  return attempt(loaded.file, () => runScenario(loaded, options));
}

/** What `work` gives, or a result that holds what is wrong with the file. */
async function attempt<T>(file: string, work: () => T | Promise<T>): Promise<T | ScenarioResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { file, name: '', tags: [], checks: [], notes: [], problems: error.problems };
  }
}

/** What would run, a line each. */
function list(sources: readonly SourceFile[], flags: RunFlags): string[] {
  return sources.flatMap(({ file }) => {
    const { scenario, document } = loadSource(file, flags.root);
    const plan = wholePlan(scenario, document);
    const checks = plan.checks.filter((check) => isAsked(flags.tag, scenario, check));
    const promisesNothing = plan.checks.length === 0 && isAsked(flags.tag, scenario, { tags: [] });
    if (checks.length === 0 && !promisesNothing) return [];
    const steps = scenario.steps === undefined ? '' : `, ${counted(scenario.steps.length, 'step')}`;
    return [`${printable(file)}  ${printable(scenario.name ?? '')}  ${counted(checks.length, 'check')}${steps}`];
  });
}

const SETTLE_MS = 150;

/** Runs, then again whenever something below the paths changes. Ends with the terminal's interrupt. */
async function watchAndRun(paths: readonly string[], flags: RunFlags): Promise<never> {
  let timer: NodeJS.Timeout | undefined;
  const again = async (): Promise<void> => {
    try {
      await runOnce(paths, flags);
    } catch (error) {
      if (!(error instanceof SourceError) && !(error instanceof UsageError)) throw error;
      process.stderr.write(`${printable(error.message)}\n`);
    }
    if (isReaderGone()) process.exit(EXIT.PIPE);
  };
  await again();
  for (const name of new Set(paths.map((one) => (/\.ya?ml$/.test(one) ? path.dirname(one) : one)))) {
    watch(name, { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => void again(), SETTLE_MS);
    });
  }
  return new Promise<never>(() => undefined);
}
