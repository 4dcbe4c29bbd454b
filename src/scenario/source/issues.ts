import type * as z from 'zod';
import { quoted } from '../../kube/objects/located.ts';
import { KNOWN_FIELDS, TEXT_THAT } from '../schema/section.ts';
import type { Problem } from './problem.ts';
import { didYouMean } from '../../wire/suggest.ts';
import type { Path, YamlDocument } from './yaml.ts';

type Issue = z.core.$ZodIssue;

/** What a schema found wrong with a document, with places and in plain words. */
export function issueProblems(issues: readonly Issue[], document: YamlDocument, under: Path = []): Problem[] {
  return issues.flatMap((issue) => {
    const path: Path = [...under, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => unknownField(key, issue.message, path, document));
      case 'invalid_union':
        return unionProblems(issue.errors, path, document);
      case 'invalid_key':
        return [
          problem(
            document.keyAt(path),
            `the key ${quoted(path.at(-1))} of ${nameOf(path.slice(0, -1))}`,
            issue.issues.map(expectation).join(' or '),
            document,
          ),
        ];
      case 'invalid_element':
        return issueProblems(issue.issues, document, path);
      default:
        return [wrongValue([issue], path, document)];
    }
  });
}

function problem(place: { line: number; col: number }, message: string, expected: string, document: YamlDocument): Problem {
  return { file: document.file, line: place.line, col: place.col, message, expected };
}

function unknownField(key: string, message: string, path: Path, document: YamlDocument): Problem {
  const known = message.startsWith(KNOWN_FIELDS) ? message.slice(KNOWN_FIELDS.length) : '';
  const where = path.length === 0 ? '' : ` in ${nameOf(path)}`;
  const hint = didYouMean(key, known.split(', ')) || outdented(key, valueAt(document.value, path));
  const expected = hint === '' && known !== '' ? `one of ${known}` : '';
  return problem(document.keyAt([...path, key]), `unknown field ${quoted(key)}${where}${hint}`, expected, document);
}

/** `cluster:` with nothing in it and an unknown field right below: that was to stand in it. */
function outdented(key: string, mapping: unknown): string {
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) return '';
  const entries = Object.entries(mapping);
  const above = entries[entries.findIndex(([name]) => name === key) - 1];
  return above?.[1] === null ? `; is it to be indented below ${above[0]}?` : '';
}

/** The alternative that was meant is the one that has the right kind of value; its own problems are the interesting ones. */
function unionProblems(alternatives: readonly (readonly Issue[])[], path: Path, document: YamlDocument): Problem[] {
  const meant = alternatives.find((issues) => issues.length > 0 && issues.every((issue) => !isWrongKind(issue)));
  if (meant !== undefined) return issueProblems(meant, document, path);
  return [wrongValue(alternatives.flat(), path, document)];
}

function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union');
}

function wrongValue(issues: readonly Issue[], path: Path, document: YamlDocument): Problem {
  const value = valueAt(document.value, path);
  const message = value === undefined ? `${nameOf(path)} is missing` : `${nameOf(path)} is ${quoted(value)}`;
  const expected = [...new Set(issues.map(expectation))].join(' or ');
  const choices = issues.flatMap(choicesOf);
  const hint = typeof value === 'string' ? didYouMean(value, choices) : '';
  return problem(document.at(path), message + hint, expected, document);
}

/** The words that were to choose from, as far as the schema lists them. */
function choicesOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  const words: unknown = issue.code === 'custom' ? issue.params?.['words'] : null;
  return Array.isArray(words) ? words.map(String) : [];
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = new Map<string, unknown>(Object.entries(at)).get(String(step));
  }
  return at;
}

/** `checks[2].send.ttl`. */
function nameOf(path: Path): string {
  if (path.length === 0) return 'the scenario';
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  boolean: 'true or false',
  null: 'null',
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith(TEXT_THAT) ? issue.message : (KINDS[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case 'too_small':
      return issue.minimum === 1 && issue.origin === 'array'
        ? 'at least one item'
        : `at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
    case 'invalid_union':
      return [...new Set(issue.errors.flat().map(expectation))].join(' or ');
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'set' ? ' items' : '';
}
