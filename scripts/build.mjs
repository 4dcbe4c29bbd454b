// Builds `dist/`: the command (`dist/bin`, one bundle with lazily loaded chunks, and a script compiled ahead for the short commands) and the
// library (`dist/*.js` with its types). `--bin` bundles the command only; a folder behind it is where to.
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { INK_PLUGINS } from './ink.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const HELPER = 'src/snapshot/kernel/helper';

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
};

/** Bundles the command; each dynamic `import()` becomes a chunk, so that `run` and `trace` load only what they need. */
export async function buildBin(bin = path.join(root, 'dist/bin')) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: { podwalk: 'src/cli/main.ts' },
    outdir: bin,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    // Some packages are CommonJS inside and ask for Node's modules by `require`.
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
    jsx: 'automatic',
    // Emscripten's glue asks whether there is a fetch, and Node loads its whole client to answer.
    define: { ...common.define, fetch: 'undefined' },
    plugins: INK_PLUGINS,
    write: false,
  });
  const written = new Set(outputFiles.map((file) => file.path));
  for (const file of outputFiles) {
    await mkdir(path.dirname(file.path), { recursive: true });
    const entry = path.basename(file.path) === 'podwalk.js';
    await writeFile(file.path, entry && !file.text.startsWith('#!') ? `#!/usr/bin/env node\n${file.text}` : file.contents);
    if (entry) await chmod(file.path, 0o755);
  }
  // What a chunk reads from beside itself: the script of `podwalk collect`, and the part of `podwalk verify` that asks the kernel.
  const helpers = (await readdir(path.join(root, HELPER))).filter((name) => name.endsWith('.py'));
  const beside = [['src/cli', 'collect.sh', ''], ...helpers.map((name) => [HELPER, name, 'helper'])];
  for (const [from, name, to] of beside) {
    const file = path.join(bin, 'chunks', to, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, await readFile(path.join(root, from, name)));
    written.add(file);
  }
  for (const entry of await readdir(bin, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !written.has(file)) await rm(file, { force: true });
  }
  await compileAhead(bin);
}

/**
 * Bundles the commands of compiled-commands.json into one script each, runs it, and keeps V8's code cache of it: the functions that have run
 * are in it, compiled.
 */
async function compileAhead(bin) {
  const scripts = JSON.parse(await readFile(path.join(root, 'src/cli/compiled-commands.json'), 'utf8'));
  for (const [name, commands] of Object.entries(scripts)) {
    const script = path.join(bin, `compiled/${name}.cjs`);
    await build({
      ...common,
      entryPoints: ['src/cli/start.ts'],
      outfile: script,
      format: 'cjs',
      jsx: 'automatic',
      // One expression: a function that takes what a CommonJS module has about it.
      banner: { js: '(function(module,require){' },
      footer: { js: '})' },
      plugins: [withoutOtherCommands(commands), ...INK_PLUGINS],
    });
    execFileSync(process.execPath, [path.join(root, 'scripts/code-cache.mjs'), name, script], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

function withoutOtherCommands(commands) {
  return {
    name: 'without-other-commands',
    setup(bundle) {
      bundle.onResolve({ filter: /^\.\/[a-z-]+\.ts$/ }, ({ path: file, kind, importer }) => {
        const command = kind === 'dynamic-import' && path.basename(importer) === 'program.ts';
        return command && !commands.includes(path.basename(file, '.ts')) ? { path: file, external: true } : undefined;
      });
    },
  };
}

function emitLibrary() {
  run('node_modules/typescript7/bin/tsc', ['-p', 'tsconfig.build.json']);
}

function run(script, args) {
  execFileSync(process.execPath, [path.join(root, script), ...args], { cwd: root, stdio: 'inherit' });
}

async function main() {
  const [flag, folder] = process.argv.slice(2);
  if (flag === '--bin') return buildBin(folder);
  await rm(path.join(root, 'dist'), { recursive: true, force: true });
  emitLibrary();
  await buildBin();
  run('node_modules/publint/src/cli.js', ['--strict', '--pack', 'false']);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main();
  } catch (error) {
    // The compiler and the bundler have already printed what is wrong.
    if (!(error instanceof Error && ('status' in error || 'errors' in error))) throw error;
    process.exitCode = 1;
  }
}
