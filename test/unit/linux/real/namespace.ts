import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this machine lets tests make network namespaces. */
export function canMakeNamespaces(): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync('ip', ['-V']).status === 0 && spawnSync('unshare', ['-n', 'true']).status === 0;
}

/** The array that a tool printed. */
export function rows<T>(text: string): T[] {
  return JSON.parse(text) as T[];
}

/** What one line of a batch did: what it printed, or how it was refused. */
export type BatchResult = { readonly ok: true; readonly output: string } | { readonly ok: false; readonly error: string };

/** A network namespace of the running kernel, deleted by {@link RealNetns.delete}. */
export class RealNetns {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    spawnSync('ip', ['netns', 'del', name]);
    execFileSync('ip', ['netns', 'add', name]);
  }

  delete(): void {
    spawnSync('ip', ['netns', 'del', this.name]);
  }

  sysctl(settings: Readonly<Record<string, string>>): void {
    const args = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    if (args.length > 0) execFileSync('ip', ['netns', 'exec', this.name, 'sysctl', '-qw', ...args]);
  }

  json<T>(...args: string[]): T[] {
    const text = execFileSync('ip', ['-n', this.name, '-j', ...args], { encoding: 'utf8', maxBuffer: 1 << 26 }).trim();
    return text === '' ? [] : rows<T>(text);
  }

  text(...args: string[]): string {
    return execFileSync('ip', ['-n', this.name, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  }

  /**
   * Runs many `ip` commands in one process, going on after failures. With `printing`, every command that succeeds prints one line of
   * JSON.
   */
  batch(lines: readonly string[], printing = false): BatchResult[] {
    const folder = mkdtempSync(join(tmpdir(), 'podwalk-ip-'));
    const file = join(folder, 'batch');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const args = ['-n', this.name, ...(printing ? ['-j'] : []), '-force', '-batch', file];
    const { stdout, stderr, status } = spawnSync('ip', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
    // What ip cannot parse ends it at once, and every later line would look as if it had gone well.
    if (status !== 0 && status !== 1 && status !== 2) throw new Error(`ip ended with ${status}: ${stderr.slice(-300)}`);
    rmSync(folder, { recursive: true });
    const errors = failures(stderr, file);
    const printed = stdout.split('\n').filter((line) => line !== '');
    return lines.map((_, i) => {
      const error = errors.get(i + 1);
      return error === undefined ? { ok: true, output: printing ? (printed.shift() ?? '') : '' } : { ok: false, error };
    });
  }
}

/** Line number → what was said before `Command failed FILE:LINE`. */
function failures(stderr: string, file: string): Map<number, string> {
  const errors = new Map<number, string>();
  let said: string[] = [];
  for (const line of stderr.split('\n')) {
    const prefix = `Command failed ${file}:`;
    if (line.startsWith(prefix)) {
      errors.set(Number(line.slice(prefix.length)), said.join('\n').trim());
      said = [];
    } else if (!line.startsWith('Warning:')) said.push(line);
  }
  return errors;
}
