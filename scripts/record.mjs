// Records the session that README shows, as an animated SVG: the tracer's own screens, key by key, on a shipped scenario. The same bytes
// every time. `--check` only says whether docs/tracer.svg is what would be recorded.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = path.join(root, 'docs/tracer.svg');
const COLUMNS = 100;
const ROWS = 30;
const CELL = 8.43;
const LINE = 17;
const PAD = 12;

/** What is pressed, and how long its screen stays. Keys are separated by blanks; `"text"` is typed. */
const SESSION = [
  ['', 1.6],
  ['t', 0.7],
  ['"sv"', 0.3],
  ['"cw"', 0.8],
  ['enter', 1.8],
  ['j', 0.7],
  ['j', 2.6],
  ['j', 0.5],
  ['j', 0.5],
  ['j', 0.5],
  ['j', 0.9],
  ['r', 1.4],
  ['M', 2.2],
  ['l l l', 1.6],
  ['esc esc 2 < l l l', 0.9],
  ['E', 0.7],
  ['"append"', 0.9],
  ['enter', 0.7],
  ['ctrl+u', 0.2],
  ['"on: node/node-1, chain: FORWARD, "', 0.6],
  ['"rule: -p tcp --dport 80 -j DROP"', 1.2],
  ['enter', 2.8],
  ['w', 2.8],
  ['D', 2.8],
  ['m', 2.4],
  ['esc esc', 0.6],
  ['z', 2],
];

/** Bundles the tracer without its terminal: the twin, the reducer and the panels. */
async function tracer() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      resolveDir: root,
      contents: `
        export { loadScenario } from './src/scenario/load.ts';
        export { buildScenario } from './src/scenario/build.ts';
        export { startSession } from './src/scenario/session.ts';
        export { filesBeside } from './src/scenario/source/files.node.ts';
        export { frameOf } from './src/tui/panel/frame.ts';
        export { reduce } from './src/tui/state/reduce.ts';
        export { initialState } from './src/tui/state/state.ts';
        export { settled } from './src/tui/state/timeline.ts';
        export { themeFor } from './src/tui/text/theme.ts';
        export { firstRequest } from './src/tui/twin/first-request.ts';
        export { Twin } from './src/tui/twin/twin.ts';`,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'error',
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
  });
  const file = path.join(root, '.cache/record.mjs');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, outputFiles[0].contents);
  return import(pathToFileURL(file).href);
}

/** The screens of the session, each as lines of cells `{ character, style }`. */
async function screens() {
  const t = await tracer();
  const file = 'scenarios/azure.yaml';
  const text = await readFile(path.join(root, file), 'utf8');
  const loaded = t.loadScenario({ file, text }, t.filesBeside(path.join(root, file), null));
  const { world } = t.buildScenario(loaded);
  const twin = new t.Twin({ file, loaded, text, world, seed: 1, start: (seed) => t.startSession(world, seed), notes: [] });
  let state = t.settled({ state: t.initialState(t.firstRequest(twin), { columns: COLUMNS, rows: ROWS }), twin });
  const theme = t.themeFor({ colour: true, ascii: false });
  return SESSION.map(([keys, seconds]) => {
    for (const key of keysOf(keys)) state = t.reduce(state, { kind: 'key', key }, twin);
    let frame = t.frameOf({ state, twin }, theme);
    while (twin.work(() => false)) frame = t.frameOf({ state, twin }, theme);
    return { seconds, grid: gridOf(frame) };
  });
}

function keysOf(text) {
  if (text.startsWith('"')) return Array.from(text.slice(1, -1), (character) => (character === ' ' ? 'space' : character));
  return text.split(' ').filter((key) => key !== '');
}

/** The cells of a frame's lines. */
function gridOf({ lines }) {
  return lines.map((line) => [...cellsOf(line)]);
}

const CLASSES = new Map([
  ['1', 'b'],
  ['2', 'd'],
  ['4', 'u'],
  ['7', 'i'],
  ['31', 'r'],
  ['32', 'g'],
  ['33', 'y'],
  ['36', 'c'],
]);
const ENDS = new Map([
  ['22', ['b', 'd']],
  ['24', ['u']],
  ['27', ['i']],
  ['39', ['r', 'g', 'y', 'c']],
]);

function* cellsOf(line) {
  const on = new Set();
  // oxlint-disable-next-line no-control-regex -- the styles of a painted line
  for (const [, codes, character] of line.matchAll(/\u001b\[([\d;]*)m|(.)/gsu)) {
    if (character !== undefined) {
      yield {
        character,
        style: Array.from(on)
          .toSorted((a, b) => (a < b ? -1 : 1))
          .join(''),
      };
      continue;
    }
    for (const code of codes.split(';')) {
      if (CLASSES.has(code)) on.add(CLASSES.get(code));
      for (const end of ENDS.get(code) ?? []) on.delete(end);
    }
  }
}

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line: backgrounds of what is inverse, then runs of text in one style. */
function lineOf(cells) {
  let shapes = '';
  let texts = '';
  for (let x = 0; x < cells.length;) {
    const { style } = cells[x];
    let end = x;
    while (end < cells.length && cells[end].style === style) end++;
    const run = cells
      .slice(x, end)
      .map(({ character }) => character)
      .join('');
    const at = (x * CELL).toFixed(1);
    const width = ((end - x) * CELL).toFixed(1);
    if (style.includes('i')) shapes += `<rect x="${at}" y="-13" width="${width}" height="${LINE}"/>`;
    const kind = style === '' ? '' : ` class="${[...style].join(' ')}"`;
    // Blanks in a row are left to the position of what follows: not every viewer keeps them.
    for (const { 0: part, index } of run.matchAll(/\S+(?: \S+)*/g)) {
      const room = (Array.from(part).length * CELL).toFixed(1);
      texts += `<text x="${((x + Array.from(run.slice(0, index)).length) * CELL).toFixed(1)}" textLength="${room}"${kind}>${escapeXml(part)}</text>`;
    }
    x = end;
  }
  return shapes + texts;
}

const STYLE = `
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:var(--fg)}
svg{--bg:#fff;--fg:#1f2328;--dim:#6e7781;--r:#b3261e;--g:#116329;--y:#7d4e00;--c:#0550ae}
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--fg:#e6edf3;--dim:#8b949e;--r:#ff7b72;--g:#56d364;--y:#e3b341;--c:#79c0ff}}
.page{fill:var(--bg)}rect{fill:var(--fg)}.d{fill:var(--dim)}.r{fill:var(--r)}.g{fill:var(--g)}.y{fill:var(--y)}.c{fill:var(--c)}.b{font-weight:700}.u{text-decoration:underline}.i{fill:var(--bg)}`;

function svgOf(shots) {
  const width = Math.ceil(COLUMNS * CELL + 2 * PAD);
  const height = ROWS * LINE + 2 * PAD;
  const known = new Map();
  const frames = shots.map(({ grid }, index) => {
    const uses = grid.map((cells, row) => {
      const line = lineOf(cells);
      if (line === '') return '';
      if (!known.has(line)) known.set(line, `l${known.size}`);
      return `<use href="#${known.get(line)}" y="${(row + 1) * LINE - 4}"/>`;
    });
    return `<g transform="translate(${PAD} ${index * height + PAD})">${uses.join('')}</g>`;
  });
  const total = shots.reduce((sum, { seconds }) => sum + seconds, 0);
  let now = 0;
  const stops = shots.map(({ seconds }, index) => {
    const stop = `${((now / total) * 100).toFixed(3)}%{transform:translateY(${-index * height}px)}`;
    now += seconds;
    return stop;
  });
  const defs = [...known].map(([line, id]) => `<g id="${id}">${line}</g>`).join('\n');
  const move = `.film{animation:film ${total.toFixed(1)}s step-end infinite}@keyframes film{${stops.join('')}}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>A packet is traced, a rule is added, the walk is compared with the base, the rule is taken back.</title>
<style>${STYLE}
${move}</style>
<rect class="page" width="${width}" height="${height}" rx="6"/>
<defs>
${defs}
</defs>
<g class="film">
${frames.join('\n')}
</g>
</svg>
`;
}

const svg = svgOf(await screens());
if (process.argv.includes('--check')) {
  const stands = await readFile(target, 'utf8').catch(() => '');
  if (stands !== svg) {
    console.error('docs/tracer.svg is not what the tracer shows now: npm run record');
    process.exitCode = 1;
  }
} else await writeFile(target, svg);
