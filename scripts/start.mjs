// `npm start`: runs the shipped scenarios, then shows one packet's walk.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBin } from './build.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Says which command it runs, as the reader would type it, runs it and gives its exit status. */
function podwalk(...args) {
  console.log(`\n$ npx podwalk ${args.join(' ')}\n`);
  return spawnSync(process.execPath, ['dist/bin/podwalk.js', ...args], { cwd: root, stdio: 'inherit' }).status ?? 70;
}

await buildBin();
process.exitCode = podwalk('run', 'scenarios/');
podwalk('trace', 'scenarios/azure.yaml', '--from', 'default/client', '--to', 'svc/default/web:80');
