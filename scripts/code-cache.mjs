// Runs a script that is compiled ahead, and writes V8's code cache of it beside it. What its commands print is nobody's.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { Script } from 'node:vm';

const [name, file] = process.argv.slice(2);
const script = new Script(readFileSync(file, 'utf8'), { filename: file });
const module = { exports: null };
script.runInThisContext()(module, createRequire(import.meta.url));
const { start } = module.exports;

async function run(...args) {
  const status = await start(args);
  if (status !== 0) throw new Error(`podwalk ${args.join(' ')} ended with ${status}`);
}

/** The tracer looks at a terminal: here at one that shows nothing, and at which these keys are pressed, each when its screen stands. */
async function runAtTerminal(keys, ...args) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin, ref: () => stdin, unref: () => stdin });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
  for (const [stream, terminal] of Object.entries({ stdin, stdout })) Object.defineProperty(process, stream, { value: terminal });
  stdout.on('data', (frame) => {
    if (String(frame).includes('\u001b[?2026l')) setTimeout(() => stdin.write(keys.shift() ?? 'q'), KEY_MS);
  });
  await run(...args);
}

const KEY_MS = 20;

switch (name) {
  case 'program':
    await run('trace', 'scenarios/azure.yaml', '--from', 'default/client', '--to', 'default/web:80');
    await run('run', 'scenarios/aks-overlay.yaml');
    break;
  case 'tracer':
    await runAtTerminal(['l', 'j', 'w', '\u001b', 't', '\u001b', 'M', 'm'], 'tui', 'scenarios/azure.yaml');
    break;
  default:
    throw new Error(`nothing runs ${name}`);
}
writeFileSync(file.replace(/cjs$/, 'cache'), script.createCachedData());
