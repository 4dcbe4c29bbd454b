import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT, type Exit } from './exit.ts';
import { standardOutput } from './terminal.ts';

const HELP = `
npx podwalk collect > collect.sh, read it, and run it as root on the machine: sh collect.sh > node.tar.gz.
Unpack the archive into a folder: that is a snapshot directory. Archives of several machines go into one folder.`;

/** `podwalk collect`: prints the script beside this file, word for word. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command.addHelpText('after', HELP).action(() => {
    standardOutput().write(readFileSync(new URL('./collect.sh', import.meta.url), 'utf8'));
    finish(EXIT.OK);
  });
}
