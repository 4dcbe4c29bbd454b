// Bundles the benchmarks and runs them, with the collector at hand so that memory can be told. `npm run bench readers` runs one of them.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

const outdir = '.cache/bench';
const all = readdirSync('bench').filter((name) => name.endsWith('.bench.ts'));
const asked = process.argv[2];
const isName = all.includes(`${asked}.bench.ts`);
const entryPoints = all.filter((name) => !isName || name === `${asked}.bench.ts`).map((name) => `bench/${name}`);
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
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=8192', file, ...process.argv.slice(isName ? 3 : 2)],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}
