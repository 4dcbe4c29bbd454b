// Bundles the benchmarks and runs them, with the collector at hand so that memory can be told.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

const outdir = '.cache/bench';
const entryPoints = readdirSync('bench')
  .filter((name) => name.endsWith('.bench.ts'))
  .map((name) => `bench/${name}`);
await build({
  entryPoints,
  bundle: true,
  platform: 'node',
  format: 'esm',
  outdir,
  outExtension: { '.js': '.mjs' },
  // The bench speaks of files of the repository.
  define: { 'import.meta.dirname': JSON.stringify(`${process.cwd()}/bench`) },
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
});
for (const entry of entryPoints) {
  const file = entry.replace('bench/', `${outdir}/`).replace(/\.ts$/, '.mjs');
  const { status } = spawnSync(process.execPath, ['--expose-gc', '--max-old-space-size=8192', file, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
