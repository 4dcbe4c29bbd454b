import type { Located } from '../kube/objects/located.ts';
import { counted } from '../wire/counted.ts';
import { plainCluster } from './plain-cluster.ts';
import type { OpenedSnapshot } from './snapshot/open.ts';
import { type Scenario, scenarioSchema } from './schema/scenario.ts';
import type { Files } from './source/files.ts';
import { issueProblems } from './source/issues.ts';
import { LIMITS, overLimit } from './source/limits.ts';
import { type Problem, SourceError, sorted } from './source/problem.ts';
import type { SourceText } from './source/text.ts';
import { type Path, type YamlDocument, parseYaml } from './source/yaml.ts';

/** A scenario that was read: its data, where each part of it stands, and what it includes. */
export interface LoadedScenario {
  readonly file: string;
  readonly scenario: Scenario;
  readonly document: YamlDocument;
  /** Native Kubernetes objects, included and inline. */
  readonly manifests: readonly Located[];
  /** The texts of included rule sets by their path. */
  readonly texts: ReadonlyMap<string, SourceText>;
  /** What the scenario stands on in place of a cluster; null until whoever can read folders has opened it. */
  readonly snapshot: OpenedSnapshot | null;
  /** True for a file of nothing but Kubernetes objects. */
  readonly plainManifest: boolean;
  /** Things that the user should know and that are no errors. */
  readonly notes: readonly string[];
}

/**
 * Reads a scenario, or a file of nothing but Kubernetes objects, with everything that it includes.
 * @throws SourceError with every problem that was found.
 */
export function loadScenario(source: SourceText, files: Files): LoadedScenario {
  const { documents, problems } = parseYaml(source);
  if (problems.length > 0) throw new SourceError(sorted(problems));
  const [first, second] = documents;
  if (first === undefined) fail(source.file, 1, 1, 'the file is empty', 'a scenario, which begins with cluster:, or Kubernetes objects');
  if (isKubernetesObject(first.value)) return plainManifest(source.file, first, documents);
  if (second !== undefined)
    fail(source.file, second.at([]).line, 1, 'a second document', 'one scenario in a file, or nothing but Kubernetes objects');
  const parsed = scenarioSchema.safeParse(first.value, { jitless: true });
  if (!parsed.success) throw new SourceError(sorted(issueProblems(parsed.error.issues, first)));
  return new Loading(source.file, parsed.data, first, files).loaded();
}

function fail(file: string, line: number, col: number, message: string, expected: string): never {
  throw new SourceError([{ file, line, col, message, expected }]);
}

function isKubernetesObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'apiVersion') && Object.hasOwn(value, 'kind');
}

function plainManifest(file: string, document: YamlDocument, manifests: readonly YamlDocument[]): LoadedScenario {
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  const cluster = plainCluster(manifests.map(({ value }) => value));
  const nodes = typeof cluster.nodes === 'number' ? counted(cluster.nodes, 'node') : 'the nodes among them';
  const notes = [`${name} holds nothing but Kubernetes objects: it runs in a cluster of mode ${cluster.mode} with ${nodes}`];
  return { file, scenario: { name, cluster }, document, manifests, texts: new Map(), snapshot: null, plainManifest: true, notes };
}

/** What describes a cluster and its surroundings, which a snapshot has already. */
const CLUSTER_PARTS = ['cluster', 'pods', 'services', 'manifests', 'outside', 'azure', 'listens', 'tables'] as const;

class Loading {
  readonly #file: string;
  readonly #scenario: Scenario;
  readonly #document: YamlDocument;
  readonly #files: Files;
  readonly #problems: Problem[] = [];
  readonly #texts = new Map<string, SourceText>();
  #includes = 0;

  constructor(file: string, scenario: Scenario, document: YamlDocument, files: Files) {
    this.#file = file;
    this.#scenario = scenario;
    this.#document = document;
    this.#files = files;
  }

  loaded(): LoadedScenario {
    this.#network();
    const manifests = (this.#scenario.manifests ?? []).flatMap((entry, index) => this.#manifest(entry, ['manifests', index]));
    for (const [index, entry] of (this.#scenario.tables ?? []).entries()) {
      if (entry.iptables !== undefined) this.#rules(entry.iptables, ['tables', index, 'iptables']);
      if (entry.ipset !== undefined) this.#rules(entry.ipset, ['tables', index, 'ipset']);
    }
    if (this.#problems.length > 0) throw new SourceError(sorted(this.#problems));
    return {
      file: this.#file,
      scenario: this.#scenario,
      document: this.#document,
      manifests,
      texts: this.#texts,
      snapshot: null,
      plainManifest: false,
      notes: [],
    };
  }

  /** A cluster, or a snapshot and nothing of what makes up a cluster. */
  #network(): void {
    const { cluster, snapshot } = this.#scenario;
    if (snapshot === undefined) {
      if (cluster !== undefined) return;
      this.#complain([], 'the scenario has no cluster', 'cluster: with its mode, such as mode: overlay; or snapshot: with a folder');
      return;
    }
    for (const name of CLUSTER_PARTS) {
      if (this.#scenario[name] !== undefined)
        this.#complain(
          [name],
          `${name} beside snapshot`,
          'one of them: the machines of a snapshot are as they were found; steps change them',
        );
    }
  }

  #complain(path: Path, message: string, expected: string): void {
    this.#problems.push({ file: this.#file, ...this.#document.at(path), message, expected });
  }

  #manifest(entry: string | Record<string, unknown>, path: Path): readonly Located[] {
    if (typeof entry !== 'string') return [inside(this.#document, path, entry)];
    const source = this.#include(entry, path);
    if (source === null) return [];
    const { documents, problems } = parseYaml(source);
    this.#problems.push(...problems);
    return documents;
  }

  #rules(textOrPath: string, path: Path): void {
    if (isRuleText(textOrPath)) return;
    const source = this.#include(textOrPath, path);
    if (source !== null) this.#texts.set(textOrPath, source);
  }

  #include(path: string, at: Path): SourceText | null {
    if (++this.#includes > LIMITS.MAX_INCLUDES) {
      if (this.#includes === LIMITS.MAX_INCLUDES + 1) this.#complain(at, overLimit('too many included files', 'MAX_INCLUDES'), '');
      return null;
    }
    const source = this.#files.read(path);
    if ('text' in source) return source;
    this.#complain(at, source.message, source.expected);
    return null;
  }
}

/** Rule sets have lines; a path has none. */
export function isRuleText(text: string): boolean {
  return text.includes('\n') || text === '';
}

/** An object inside a document, as a document of its own. */
function inside(document: YamlDocument, path: Path, value: unknown): Located {
  return { value, file: document.file, at: (below) => document.at([...path, ...below]) };
}
