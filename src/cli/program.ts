import { Command, CommanderError } from 'commander';
import { printable } from '../report/printable.ts';
import { withExpected } from '../scenario/source/problem.ts';
import { didYouMean } from '../wire/suggest.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { version } from './version.ts';

/** A command: its line in the help, and what declares its options; the code behind it is loaded only when it runs. */
interface CommandModule {
  readonly name: string;
  readonly load: () => Promise<{ declare(command: Command, finish: (status: Exit) => void): void }>;
  readonly summary: string;
}

const COMMANDS: readonly CommandModule[] = [
  { name: 'run', summary: 'run scenario files and check what they promise', load: () => import('./run.ts') },
  { name: 'validate', summary: 'check scenario files and list what a walk would find UNKNOWN', load: () => import('./validate.ts') },
  { name: 'trace', summary: 'walk one packet, or a batch of them', load: () => import('./trace.ts') },
  { name: 'verify', summary: 'ask the running kernel whether it does what the twin does (Linux, root)', load: () => import('./verify.ts') },
  { name: 'export', summary: 'write the world of a source as a snapshot directory', load: () => import('./export.ts') },
  { name: 'tui', summary: 'the interactive packet tracer', load: () => import('./tui.ts') },
  {
    name: 'collect',
    summary: 'print the shell script that dumps a real machine into a snapshot directory',
    load: () => import('./collect.ts'),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of a scenario file, of a trace or of podwalk.json in a snapshot',
    load: () => import('./schema.ts'),
  },
];

const EPILOGUE = `
Exit status: 0 all as expected; 1 an expectation failed; 2 bad input or nothing to run; 3 a walk was UNKNOWN; 70 a bug.`;

/** Runs a command line; gives the exit status. Errors of the user are one message each; only a bug shows a stack. */
export async function main(args: readonly string[]): Promise<Exit> {
  try {
    return await dispatch(args);
  } catch (error) {
    return report(error);
  }
}

async function dispatch(args: readonly string[]): Promise<Exit> {
  let status: Exit = EXIT.OK;
  const program = new Command('podwalk')
    .description('what happens to this packet, hop by hop, there and back, and which table entry decided it')
    .version(version, '-V, --version')
    .addHelpText('after', EPILOGUE)
    .configureOutput({ outputError: (text, write) => write(printableLines(text.replace(/^error: /, 'podwalk: '))) })
    .exitOverride();
  const asked = COMMANDS.find(({ name }) => name === args[0]);
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary);
    // Options are declared only for the command that runs, so that no other is loaded.
    if (name === asked?.name || args[0] === 'help') (await load()).declare(command, (result) => (status = result));
    if (name === asked?.name) command.showHelpAfterError(`(podwalk ${name} --help shows its options)`);
  }
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return EXIT.BAD_INPUT;
  }
  const unknown = args[0] === 'help' ? args[1] : args[0];
  if (asked === undefined && unknown !== undefined && unknown !== 'help' && !unknown.startsWith('-') && !isCommand(unknown)) {
    const names = COMMANDS.map(({ name }) => name);
    throw new UsageError(withExpected(`there is no command ${unknown}${didYouMean(unknown, names)}`, `one of ${names.join(', ')}`));
  }
  await program.parseAsync([...args], { from: 'user' });
  return status;
}

function isCommand(text: string): boolean {
  return COMMANDS.some(({ name }) => name === text);
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

async function report(error: unknown): Promise<Exit> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.BAD_INPUT;
  if (error instanceof UsageError) {
    process.stderr.write(`podwalk: ${printableLines(error.message)}\n`);
    return EXIT.BAD_INPUT;
  }
  const { SourceError } = await import('../scenario/source/problem.ts');
  if (error instanceof SourceError) {
    const { problemLines } = await import('../report/problems.ts');
    process.stderr.write(problemLines(error.problems));
    return EXIT.BAD_INPUT;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`podwalk ${version}: this is a bug, please report it with the input that caused it\n${printableLines(text)}\n`);
  return EXIT.BUG;
}
