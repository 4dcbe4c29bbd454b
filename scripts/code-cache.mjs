// Runs the script of the short commands, and writes V8's code cache of it beside it. What the commands print is nobody's.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

const [file] = process.argv.slice(2);
const script = new Script(readFileSync(file, 'utf8'), { filename: file });
const module = { exports: null };
script.runInThisContext()(module, createRequire(import.meta.url));
const { start } = module.exports;
for (const args of [
  ['trace', 'scenarios/azure.yaml', '--from', 'default/client', '--to', 'default/web:80'],
  ['run', 'scenarios/aks-overlay.yaml'],
]) {
  const status = await start(args);
  if (status !== 0) throw new Error(`podwalk ${args.join(' ')} ended with ${status}`);
}
writeFileSync(file.replace(/cjs$/, 'cache'), script.createCachedData());
