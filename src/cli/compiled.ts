import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { InvariantError } from '../wire/invariant.ts';
import scripts from './compiled-commands.json' with { type: 'json' };
import type { start } from './start.ts';

/** The scripts and their commands. */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = scripts;

interface Program {
  readonly start: typeof start;
}

/**
 * The program with some of its commands, as one script with V8's code cache beside it: most of the time of a short command is the compiling of
 * functions, and the cache holds them compiled. A cache of another V8 is refused, and the script compiled as it runs.
 * @returns null for the other commands, and where the build left no such script
 */
export function compiledProgram(command: string | undefined): Program | null {
  const [name] = Object.entries(SCRIPTS).find(([, commands]) => command !== undefined && commands.includes(command)) ?? [];
  if (name === undefined) return null;
  const file = new URL(`compiled/${name}.cjs`, import.meta.url);
  const source = read(file);
  const cachedData = read(new URL(`compiled/${name}.cache`, import.meta.url));
  if (source === null) return null;
  const script = new Script(source.toString(), {
    filename: fileURLToPath(file),
    ...(cachedData === null ? {} : { cachedData }),
  });
  const module: { exports: Program | null } = { exports: null };
  const load: unknown = script.runInThisContext();
  if (!isLoader(load)) throw new InvariantError('the compiled program is no function');
  load(module, createRequire(import.meta.url));
  return module.exports;
}

type Loader = (module: { exports: Program | null }, require: NodeJS.Require) => void;

function isLoader(value: unknown): value is Loader {
  return typeof value === 'function';
}

function read(file: URL): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
