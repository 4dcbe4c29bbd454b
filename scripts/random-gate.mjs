// Says what `podwalk verify --random N --format json` found, and fails where more than one network differs, or more than one
// agrees only when the kernel is asked again: `node scripts/random-gate.mjs FILE`.
import { readFileSync } from 'node:fs';

/** One network in some ten thousands may still differ, whatever was changed: two of two hundred are no chance any more. */
const MAX_DIFFERING = 1;
/** What the kernel does not repeat is rarer still. */
const MAX_ONCE = 1;

const run = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const networksOf = (ids) => new Set(ids.map((id) => id.split('/')[0]));
const networks = networksOf(run.differences.map(({ id }) => id));
const once = networksOf(run.once);
console.log(
  `${run.cases} networks, ${run.compared} probes compared, ${run.differing} differ, ${run.unknown} UNKNOWN, ${run.notBuilt.length} not built, ${run.once.length} agree when asked again`,
);
for (const { id, differences } of run.differences) {
  const [{ tier, where, kernel, twin }] = differences;
  console.log(`${id}: ${tier} ${where}\n  kernel  ${kernel}\n  twin    ${twin}`);
}
for (const seed of networks) console.log(`again: podwalk verify --random 1 --seed ${seed}`);
if (networks.size > MAX_DIFFERING) {
  console.log(`!! ${networks.size} networks differ, at most ${MAX_DIFFERING} may`);
  process.exitCode = 1;
}
if (once.size > MAX_ONCE) {
  console.log(`!! ${[...once].join(' ')} agree when asked again, at most ${MAX_ONCE} network may`);
  process.exitCode = 1;
}
