import { existsSync, readFileSync, statSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { Request } from '../tui/twin/request.ts';
import type { Source } from '../tui/twin/source.ts';
import type { Sliced } from '../wire/sliced.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { integer } from './run.ts';
import { paintFor } from './terminal.ts';
import { refused } from './walk.ts';
import type { OpenedWorld } from './world.ts';

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
  // What is wrong with the file is said wherever one is.
  if (!existsSync(source)) await open(source, flags);
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
  const problem = await runTui({
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
  if (problem !== null) throw refused(problem);
  return EXIT.OK;
}

/** @source locale(7): the first of these that is set decides */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((one) => one !== undefined && one !== '') ?? '';
  return /utf-?8/i.test(locale);
}

/** Reading more than this takes longer than a person thinks nothing of. */
const LONG_BYTES = 30_000;

function isLong(file: string): boolean {
  const size = statSync(file, { throwIfNoEntry: false });
  return size !== undefined && (size.isDirectory() || size.size > LONG_BYTES);
}

async function open(file: string, flags: TuiFlags): Promise<Sliced<Source>> {
  const { openSource } = await import('./sources.ts');
  const { buildingWorld, openingSnapshot } = await import('./world.ts');
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  return opened(file, flags, isFolder ? await openingSnapshot(file, flags) : await buildingWorld(await openSource(file, flags.root)));
}

function* opened(file: string, flags: TuiFlags, opening: Sliced<OpenedWorld>): Sliced<Source> {
  const { world, start, seed, notes, loaded } = yield* opening;
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
