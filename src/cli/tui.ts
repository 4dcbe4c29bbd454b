import { readFileSync, statSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { LoadedScenario } from '../scenario/load.ts';
import type { Opening } from '../tui/tui.tsx';
import type { Request } from '../tui/twin/request.ts';
import type { Source } from '../tui/twin/source.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { integer } from './run.ts';
import { paintFor } from './terminal.ts';

interface TuiFlags {
  readonly from?: string;
  readonly to?: string;
  readonly proto?: 'tcp' | 'udp' | 'icmp';
  readonly ascii?: true;
  readonly seed?: number;
  readonly root?: string;
  readonly lenient?: true;
}

/** `podwalk tui`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('<source>', 'a scenario file or a snapshot directory')
    .option('--from <endpoint>', 'who sends; default what the first check of the scenario says')
    .option('--to <endpoint>', 'whom to, with :PORT')
    .addOption(new Option('--proto <protocol>', 'default what the destination says').choices(['tcp', 'udp', 'icmp']))
    .option('--ascii', 'no other characters than ASCII; the default where the locale is not UTF-8')
    .option('--seed <number>', 'decides what is left to chance', integer)
    .option('--lenient', 'unknown matches and targets of a snapshot make walks UNKNOWN instead of being errors')
    .option('--root <folder>', 'files may be included from here and below')
    .action(async (source: string, flags: TuiFlags) => finish(await tui(source, flags)));
}

async function tui(source: string, flags: TuiFlags): Promise<Exit> {
  const { stdin, stdout, env } = process;
  if (!stdin.isTTY || !stdout.isTTY || env['TERM'] === 'dumb')
    throw new UsageError('the tracer needs a terminal; podwalk trace prints a walk anywhere');
  const { runTui } = await import('../tui/tui.tsx');
  const { splitTarget } = await import('../tui/twin/request.ts');
  const request: Partial<Request> = {
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { ...splitTarget(flags.to), proto: null }),
    ...(flags.proto === undefined ? {} : { proto: flags.proto }),
  };
  await runTui({
    stdin,
    stdout,
    colour: paintFor(stdout).bold('x') !== 'x',
    ascii: flags.ascii === true || !isUtf8(env),
    insideTmux: (env['TMUX'] ?? '') !== '',
    file: source,
    isLong: isLong(source),
    request,
    open: () => open(source, flags),
  });
  return EXIT.OK;
}

/** @source locale(7): the first of these that is set decides */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((one) => one !== undefined && one !== '') ?? '';
  return /utf-?8/i.test(locale);
}

/** Reading more than this takes longer than a person thinks nothing of. */
const LONG_BYTES = 300_000;
const MANY_PODS = 2000;
const MANY_NODES = 100;

function isLong(file: string): boolean {
  const size = statSync(file, { throwIfNoEntry: false });
  return size !== undefined && (size.isDirectory() || size.size > LONG_BYTES);
}

async function open(file: string, flags: TuiFlags): Promise<Opening> {
  const { openSource } = await import('./sources.ts');
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) return { size: null, build: () => build(file, flags, null) };
  const loaded = await openSource(file, flags.root);
  return { size: sizeOf(loaded), build: () => build(file, flags, loaded) };
}

/** How big a world will be, where building it takes a while. */
function sizeOf({ scenario, manifests }: LoadedScenario): string | null {
  const { cluster, pods = [] } = scenario;
  const nodes = typeof cluster?.nodes === 'number' ? cluster.nodes : (cluster?.nodes?.length ?? 0);
  const podCount = pods.reduce((sum, { replicas = 1 }) => sum + replicas, 0) + manifests.length;
  return nodes < MANY_NODES && podCount < MANY_PODS ? null : `${nodes} nodes, ${podCount} pods and objects`;
}

async function build(file: string, flags: TuiFlags, loaded: LoadedScenario | null): Promise<Source> {
  const { builtWorld, openSnapshot } = await import('./world.ts');
  const { world, start, seed, notes } = loaded === null ? await openSnapshot(file, flags) : await builtWorld(loaded);
  return {
    file,
    loaded,
    text: loaded === null ? null : readFileSync(file, 'utf8'),
    lenient: flags.lenient ?? false,
    world,
    start,
    seed: flags.seed ?? seed,
    notes,
  };
}
