// Keeps what `podwalk verify --random N --format json` found, for the fidelity table; several files are batches of one run, their seeds in a
// row: `node scripts/random-run.mjs FILE...`.
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

const [first, ...more] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const run = more.reduce(joined, first);
const kept = { ...run, notBuilt: run.notBuilt.map((one) => one.case), differences: run.differences.map(({ id }) => id) };
writeFileSync('test/fidelity/random-run.json', await format(JSON.stringify(kept), { parser: 'json', printWidth: 140 }));

/** Two batches as one: what counts is added up, lists are put together. */
function joined(one, next) {
  if (next.seed !== one.seed + one.cases) throw new Error(`seed ${next.seed} does not follow on ${one.cases} networks from ${one.seed}`);
  return { ...sum(one, next), verify: one.verify, source: one.source, kernel: one.kernel, seed: one.seed };
}

function sum(a, b) {
  if (typeof a === 'number') return a + (b ?? 0);
  if (Array.isArray(a)) return [...a, ...b];
  if (typeof a !== 'object') return a;
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].sort().map((key) => [key, sum(a[key] ?? 0, b[key] ?? 0)]));
}
