// Packs what the kernel did (snapshots, probes, recorded truth) into the copy that the tests read. The same files make the same bytes.
//   node scripts/pack-recordings.mjs FOLDER
// FOLDER holds one folder a case: a snapshot directory with probes.jsonl and truth.json.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const MAX_BYTES = 2_000_000;
const target = path.join(path.dirname(fileURLToPath(import.meta.url)), '../test/kernel/recordings.json.br');

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('which folder? node scripts/pack-recordings.mjs FOLDER');
  process.exit(2);
}
const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
  .filter((name) => name.includes('/'))
  .sort();
const files = Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
const text = Buffer.from(JSON.stringify(files));
const packed = brotliCompressSync(text, {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  },
});
if (packed.length > MAX_BYTES) {
  console.error(`${packed.length} bytes are more than ${MAX_BYTES}`);
  process.exit(1);
}
writeFileSync(target, packed);
console.log(`${names.length} files, ${text.length} bytes packed into ${packed.length}`);
