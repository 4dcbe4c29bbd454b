// Keeps what the longest `podwalk verify --random N --format json` found, for the fidelity table: `node scripts/random-run.mjs FILE`.
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

const [file] = process.argv.slice(2);
const run = JSON.parse(readFileSync(file, 'utf8'));
const kept = { ...run, notBuilt: run.notBuilt.map((one) => one.case), differences: run.differences.map(({ id }) => id) };
writeFileSync('test/fidelity/random-run.json', await format(JSON.stringify(kept), { parser: 'json', printWidth: 140 }));
