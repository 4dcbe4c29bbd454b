// `npm run check`: everything that is wrong without running a test. All steps run, two at a time; any failure fails the check.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const only = process.argv.slice(2);

/** Runs a tool of `node_modules`; gives its exit status and what it printed. */
function tool(script, ...args) {
  return new Promise((resolve) => {
    const options = { cwd: root, maxBuffer: 1 << 28, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, [path.join(root, 'node_modules', script), ...args], options, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, output: `${stdout}${stderr}` });
    });
  });
}

async function types() {
  return tool('typescript7/bin/tsc', '--noEmit', '-p', '.');
}

/** A tsconfig that oxlint cannot read turns every typed rule off; it says so in one line, which counts as a failure here. */
async function lint() {
  const result = await tool('oxlint/bin/oxlint', '--type-aware', '--format', 'unix');
  return result.output.includes('tsconfig-error') ? { ...result, ok: false } : result;
}

/** Where the compiler's programming interface is missing, dependency-cruiser reads no file and reports success: count the files. */
async function layers() {
  const result = await tool('dependency-cruiser/bin/dependency-cruise.mjs', 'src', '--output-type', 'json');
  let summary;
  let modules;
  try {
    ({ summary, modules } = JSON.parse(result.stdout));
  } catch {
    return { ok: false, output: result.output };
  }
  const found = await readdir(path.join(root, 'src'), { recursive: true });
  const onDisk = found.filter((name) => /\.tsx?$/.test(name)).length;
  const cruised = modules.filter(({ source }) => source.startsWith('src/')).length;
  const lines = summary.violations.map(({ rule, from, to, cycle }) => {
    const target = cycle ? cycle.map(({ name }) => name).join(' -> ') : to;
    return `${rule.name}: ${from} -> ${target}`;
  });
  if (cruised === 0 || cruised < onDisk) lines.push(`only ${cruised} of ${onDisk} files in src/ were read`);
  return { ok: lines.length === 0, output: lines.join('\n') };
}

async function deadCode() {
  return tool('knip/bin/knip.js');
}

async function format() {
  return tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '--cache', '--cache-location', '.cache/prettier', '.');
}

const steps = { types, lint, layers, deadCode, format };
const unknown = only.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
const queue = Object.entries(steps).filter(([name]) => only.length === 0 || only.includes(name));
let failed = 0;

async function worker() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [name, step] = next;
    const { ok, output } = await step();
    if (!ok) failed++;
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
    if (!ok) console.log(output.trim().replaceAll(/^/gm, '     '));
  }
}

await Promise.all([worker(), worker()]);
process.exitCode = failed === 0 ? 0 : 1;
