// What ink becomes in the bundle. Ink does for any text what the tracer's frames do not need: they are lines as wide as the screen.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** A text of a package with a part of it replaced. @throws when the part is not there: the package has changed */
async function replaced(file, part, by) {
  const text = await readFile(file, 'utf8');
  if (text.search(part) < 0) throw new Error(`${path.relative(root, file)} does not hold ${part}`);
  return text.replace(part, by);
}

/** Ink waits for a debugger where `DEV` is set, with a top-level await, which a script has not; nobody installs the debugger. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(bundle) {
    bundle.onLoad({ filter: /ink\/build\/reconciler\.js$/ }, async ({ path: file }) => ({
      contents: await replaced(file, /await (import\('\.\/devtools\.js'\)|loadPackageJson\(\))/g, 'undefined'),
    }));
  },
};

/**
 * Ink measures every line with string-width, which takes most of the time of a frame wherever there is a character beyond ASCII, such as the
 * edge of a pane. The tracer's own measure knows the same characters.
 */
const ownStringWidth = {
  name: 'own-string-width',
  setup(bundle) {
    bundle.onResolve({ filter: /^string-width$/ }, ({ path: name }) => ({ path: name, namespace: 'own-width' }));
    bundle.onLoad({ filter: /.*/, namespace: 'own-width' }, () => ({
      resolveDir: root,
      contents: `import { cellsOf } from './src/tui/text/cells.ts';
        const STYLES = /\\u001b\\[[0-9;]*m/g;
        export default (text) => cellsOf(text.includes('\\u001b') ? text.replace(STYLES, '') : text);`,
    }));
  },
};

/**
 * Ink takes every text apart into styled characters and puts them together again, so that texts may lie on each other. A frame's lines never
 * do: each passes as one character that is as wide as the line.
 */
const wholeLines = {
  name: 'whole-lines',
  setup(bundle) {
    bundle.onResolve({ filter: /^@alcalzone\/ansi-tokenize$/ }, ({ path: name }) => ({ path: name, namespace: 'whole-lines' }));
    bundle.onLoad({ filter: /.*/, namespace: 'whole-lines' }, () => ({
      contents: `export const tokenize = (line) => line === '' ? [] : [{ type: 'char', value: line, fullWidth: false, styles: [] }];
        export const styledCharsFromTokens = (characters) => characters;
        export const styledCharsToString = (characters) => characters.map(({ value }) => value).join('');`,
    }));
  },
};

const YOGA = path.join(root, 'node_modules/yoga-layout/dist');
const WASM = /data:application\/octet-stream;base64,([^"]{99,})/;

/** The layout engine waits for its WebAssembly with a top-level await, which a script has not: here it is compiled at once (3 ms). */
const yogaAtOnce = {
  name: 'yoga-at-once',
  setup(bundle) {
    const glue = path.join(YOGA, 'binaries/yoga-wasm-base64-esm.js');
    bundle.onResolve({ filter: /^yoga-layout$/ }, ({ path: name }) => ({ path: name, namespace: 'yoga' }));
    bundle.onResolve({ filter: /^yoga\.wasm$/ }, ({ path: name }) => ({ path: name, namespace: 'yoga' }));
    bundle.onLoad({ filter: /^yoga\.wasm$/, namespace: 'yoga' }, async () => ({
      contents: Buffer.from(WASM.exec(await readFile(glue, 'utf8'))[1], 'base64'),
      loader: 'binary',
    }));
    bundle.onLoad({ filter: /yoga-wasm-base64-esm\.js$/ }, async () => ({
      contents: (await replaced(glue, WASM, '')).replace('import.meta.url', '""'),
    }));
    bundle.onLoad({ filter: /^yoga-layout$/, namespace: 'yoga' }, () => ({
      resolveDir: YOGA,
      contents: `import load from './binaries/yoga-wasm-base64-esm.js';
        import wrapAssembly from './src/wrapAssembly.js';
        import wasm from 'yoga.wasm';
        const yoga = {
          instantiateWasm(imports, done) {
            const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), imports);
            done(instance);
            return instance.exports;
          },
        };
        load(yoga);
        export default wrapAssembly(yoga);
        export * from './src/generated/YGEnums.js';`,
    }));
  },
};

export const INK_PLUGINS = [withoutDevtools, ownStringWidth, wholeLines, yogaAtOnce];
