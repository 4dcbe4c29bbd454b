import type { Exit } from './exit.ts';
import { main } from './program.ts';
import { endWithOutput } from './terminal.ts';

/** Runs a command line as the program that a shell has started; gives the exit status. */
export function start(args: readonly string[]): Promise<Exit> {
  endWithOutput();
  return main(args);
}
