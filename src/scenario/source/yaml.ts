import { Composer, type Document, LineCounter, Parser, type ParsedNode, CST, isScalar } from 'yaml';
import type { Located } from '../../kube/objects/located.ts';
import { Converter } from './convert.ts';
import { LIMITS, overLimit } from './limits.ts';
import type { Problem } from './problem.ts';
import type { SourceText } from './text.ts';

export type Path = readonly (string | number)[];

/** One YAML document as plain data, with the way back to its text. */
export interface YamlDocument extends Located {
  /** The place of a mapping's key; of the mapping where it has no such key. */
  keyAt(path: Path): { readonly line: number; readonly col: number };
  /** The place of a line (from 0) of a text that spans several, and of a column (from 0) in it. */
  textAt(path: Path, line: number, col: number): { readonly line: number; readonly col: number };
}

/**
 * Reads YAML 1.2 (JSON is part of it) as plain data: text, numbers, booleans, null, lists, mappings. Anchors and merge keys are written
 * out; everything costs at most what {@link LIMITS} allows.
 * @returns the documents that could be read, empty ones left out, and all problems with their places.
 */
export function parseYaml({ file, text }: SourceText): { documents: YamlDocument[]; problems: Problem[] } {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const placeOf = (offset: number): { line: number; col: number } => lines.linePos(Math.max(0, Math.min(offset, text.length)));
  const add = (offset: number, message: string, expected = ''): void => {
    problems.push({ file, ...placeOf(offset), message, expected });
  };
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tokens.map(firstTooDeep).find((offset) => offset !== null);
  if (deep !== undefined && deep !== null) {
    add(deep, overLimit('lists and mappings are nested too deeply', 'MAX_DEPTH'));
    return { documents: [], problems };
  }
  if (tokens.filter(({ type }) => type === 'document').length > LIMITS.MAX_DOCUMENTS) {
    add(0, overLimit('too many documents', 'MAX_DOCUMENTS'));
    return { documents: [], problems };
  }
  const converter = new Converter(add);
  const documents: YamlDocument[] = [];
  const options = { version: '1.2', schema: 'core', uniqueKeys: false, prettyErrors: false } as const;
  for (const document of new Composer(options).compose(tokens)) {
    for (const error of [...document.errors, ...document.warnings]) add(error.pos[0], sentence(error.message));
    if (document.errors.length > 0 || document.contents === null) continue;
    const value = converter.document(document);
    if (value === null || value === undefined) continue;
    documents.push(new Placed(file, value, document, converter, text, placeOf));
  }
  return { documents, problems };
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

class Placed implements YamlDocument {
  readonly file: string;
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #converter: Converter;
  readonly #text: string;
  readonly #placeOf: (offset: number) => { line: number; col: number };

  constructor(
    file: string,
    value: unknown,
    document: Document.Parsed,
    converter: Converter,
    text: string,
    placeOf: (offset: number) => { line: number; col: number },
  ) {
    this.file = file;
    this.value = value;
    this.#document = document;
    this.#converter = converter;
    this.#text = text;
    this.#placeOf = placeOf;
  }

  at(path: Path): { readonly line: number; readonly col: number } {
    return this.#placeOf(this.#find(path).value);
  }

  keyAt(path: Path): { readonly line: number; readonly col: number } {
    return this.#placeOf(this.#find(path).key);
  }

  textAt(path: Path, line: number, col: number): { readonly line: number; readonly col: number } {
    const { value, node } = this.#find(path);
    const start = this.#placeOf(value);
    if (!isScalar(node) || (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED')) return start;
    const source = (this.#text.split('\n')[start.line + line] ?? '').replace(/\r$/, '');
    const text = String(node.value).split('\n')[line] ?? '';
    return { line: start.line + line + 1, col: Math.max(0, source.length - text.length) + col + 1 };
  }

  /** Offsets of the value at `path` and of its key, or of the nearest ancestor that exists. */
  #find(path: Path): { key: number; value: number; node: ParsedNode | null } {
    let node: ParsedNode | null = this.#document.contents;
    let value = node?.range[0] ?? 0;
    let key = value;
    for (const step of path) {
      const next = this.#converter.child(node, step);
      if (next === null) break;
      key = next.key?.range[0] ?? next.value?.range[0] ?? value;
      value = next.value?.range[0] ?? key;
      node = next.value;
      // An empty value has a place of its own after the colon; its key is what a reader looks for.
      if (isScalar(node) && node.value === null && node.range[0] === node.range[1]) value = key;
    }
    return { key, value, node };
  }
}

/** The offset of the first collection below MAX_DEPTH, found without recursion: what comes after this may recurse. */
function firstTooDeep(root: CST.Token): number | null {
  const todo: { token: CST.Token; depth: number }[] = [{ token: root, depth: 0 }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { token, depth } = next;
    if (token.type === 'document') {
      if (token.value !== undefined) todo.push({ token: token.value, depth });
    } else if (CST.isCollection(token)) {
      if (depth >= LIMITS.MAX_DEPTH) return token.offset;
      for (const item of token.items) {
        if (item.value !== undefined) todo.push({ token: item.value, depth: depth + 1 });
        if (item.key !== undefined && item.key !== null) todo.push({ token: item.key, depth: depth + 1 });
      }
    }
  }
  return null;
}
