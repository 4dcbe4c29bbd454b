import { type Sliced, atOnce } from '../../wire/sliced.ts';
import { parseMasqConfigText } from '../ip-masq-agent/config.ts';
import type { ClusterObjects, IgnoredObject } from './cluster-objects.ts';
import { type EndpointSlice, readEndpointSlice, readEndpoints } from './endpoint-slice.ts';
import { Field, Problems } from './field.ts';
import { readGoverning, readUnknownKind } from './governing.ts';
import { IGNORED_KINDS } from './ignored-kinds.ts';
import type { Located, ObjectProblem } from './located.ts';
import { type ObjectMeta, keyOf } from './meta.ts';
import { readNode } from './node.ts';
import { readPod } from './pod.ts';
import { readService } from './service.ts';
import { duplicateAddresses, unmodelledProperties } from './scrutiny.ts';
import { WORKLOAD_KINDS, readWorkload } from './workload.ts';

const MAX_OBJECTS = 250_000;
/** The most nodes that AKS gives a cluster. */
const MAX_NODES = 5_000;
const MAX_LIST_DEPTH = 3;

export interface ReadObjects {
  readonly objects: ClusterObjects;
  /** What is wrong, at most {@link import('./field.ts').MAX_PROBLEMS} of it. Objects with a problem are left out or incomplete. */
  readonly problems: readonly ObjectProblem[];
  /** How many more problems there were. */
  readonly droppedProblems: number;
}

/** Lists while they are being filled. */
type Growing = { -readonly [K in keyof ClusterObjects]: ClusterObjects[K] extends readonly (infer T)[] ? T[] : never };

/**
 * Reads native Kubernetes objects from documents that are already parsed: single objects and lists, as `kubectl get -o yaml|json` prints
 * them or as people write them. Objects without a namespace go to `defaultNamespace`.
 */
export function readObjects(documents: readonly Located[], defaultNamespace = 'default'): ReadObjects {
  return atOnce(readingObjects(documents, defaultNamespace));
}

const SLICE = 64;

/** {@link readObjects} in slices. */
export function* readingObjects(documents: readonly Located[], defaultNamespace = 'default'): Sliced<ReadObjects> {
  const problems = new Problems();
  const reading = new Reading(defaultNamespace);
  for (const [index, document] of documents.entries()) {
    if (index % SLICE === 0) yield { what: 'objects', done: index, of: documents.length };
    reading.document(Field.of(document, problems), 0);
  }
  const { growing } = reading;
  for (const property of unmodelledProperties(growing)) growing.unmodelled.push(property);
  growing.endpointSlices = withoutRedundantMirrors(growing.endpointSlices);
  for (const problem of duplicateAddresses(growing)) problems.add(problem);
  return { objects: growing, problems: problems.found, droppedProblems: problems.dropped };
}

/** A dump holds a service's endpoints twice, as slices and as an Endpoints object: the slices are what kube-proxy reads. */
function withoutRedundantMirrors(slices: EndpointSlice[]): EndpointSlice[] {
  const sliced = new Set(slices.filter(({ origin }) => origin !== 'mirrored').map(serviceOf));
  return slices.filter((slice) => slice.origin !== 'mirrored' || !sliced.has(serviceOf(slice)));
}

function serviceOf({ namespace, serviceName }: EndpointSlice): string {
  return `${namespace}/${serviceName ?? ''}`;
}

class Reading {
  readonly growing: Growing = {
    nodes: [],
    pods: [],
    services: [],
    endpointSlices: [],
    workloads: [],
    masqConfigs: [],
    policies: [],
    unmodelled: [],
    ignored: [],
  };
  readonly #namespace: string;
  readonly #seen = new Map<string, ObjectMeta>();
  #count = 0;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  document(field: Field, depth: number): void {
    if (!field.present) return;
    const apiVersion = field
      .get('apiVersion')
      .required('an API version')
      .matching(API_VERSION, 'an API version such as v1 or apps/v1', 317);
    const kind = field.get('kind').required('a kind').matching(KIND, 'a kind such as Pod', 63);
    if (apiVersion === null || kind === null) return;
    if (kind.endsWith('List') && field.get('items').present) this.#list(field, apiVersion, kind, depth);
    else this.#object(field, apiVersion, kind);
  }

  #list(field: Field, apiVersion: string, kind: string, depth: number): void {
    if (depth >= MAX_LIST_DEPTH) return field.fail(`lists nested deeper than ${MAX_LIST_DEPTH}`, 'a list of objects');
    const itemKind = kind.slice(0, -'List'.length);
    for (const item of field.get('items').items(MAX_OBJECTS)) {
      // A typed list, as the API server sends it, has items that do not repeat their kind.
      if (itemKind !== '' && !item.get('kind').present) this.#object(item, apiVersion, itemKind);
      else this.document(item, depth + 1);
    }
  }

  #object(field: Field, apiVersion: string, kind: string): void {
    if (++this.#count > MAX_OBJECTS) {
      if (this.#count === MAX_OBJECTS + 1) field.fail('too many objects', `at most ${MAX_OBJECTS}`);
      return;
    }
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const { growing } = this;
    const namespace = this.#namespace;
    switch (`${group}/${kind}`) {
      case '/Node':
        if (growing.nodes.length >= MAX_NODES) return field.fail('too many nodes', `at most ${MAX_NODES}`);
        return this.#keep(growing.nodes, kind, readNode(field, namespace), field);
      case '/Pod':
        return this.#keep(growing.pods, kind, readPod(field, namespace), field);
      case '/Service':
        return this.#keep(growing.services, kind, readService(field, namespace), field);
      case 'discovery.k8s.io/EndpointSlice':
        if (apiVersion !== 'discovery.k8s.io/v1')
          return field.get('apiVersion').fail(`EndpointSlice of ${apiVersion}`, 'discovery.k8s.io/v1');
        return this.#keep(growing.endpointSlices, kind, readEndpointSlice(field, namespace), field);
      case '/Endpoints':
        for (const slice of readEndpoints(field, namespace)) this.#keep(growing.endpointSlices, kind, slice, field);
        return;
      case '/ConfigMap':
        if (this.#masqConfig(field)) return;
    }
    const workload = WORKLOAD_KINDS.find((known) => known === kind);
    if (workload !== undefined && WORKLOAD_GROUPS.has(group)) {
      return this.#keep(growing.workloads, kind, readWorkload(workload, field, namespace), field);
    }
    const governing = readGoverning(group, kind, apiVersion, field, namespace);
    if (governing !== undefined) return this.#keep(growing.policies, kind, governing, field);
    if (IGNORED_KINDS.has(`${group}/${kind}`)) growing.ignored.push(ignored(field, kind));
    else this.#keep(growing.unmodelled, kind, readUnknownKind(kind, apiVersion, field, namespace), field);
  }

  #keep<T extends ObjectMeta>(list: T[], kind: string, object: T | null, field: Field): void {
    if (object === null) return;
    const key = `${kind} ${keyOf(object)}`;
    const first = this.#seen.get(key);
    if (first !== undefined) {
      const where = first.source === null ? 'before' : `at ${first.source.file}:${first.source.line}:${first.source.col}`;
      return field.fail(`${key} was already defined ${where}`, 'one definition of every object');
    }
    this.#seen.set(key, object);
    list.push(object);
  }

  /** The ConfigMaps that AKS mounts into azure-ip-masq-agent do touch packets. @returns whether this is one */
  #masqConfig(field: Field): boolean {
    const metadata = field.get('metadata');
    const name = metadata.get('name').value;
    if (metadata.get('namespace').value !== 'kube-system' || typeof name !== 'string' || !MASQ_CONFIG_MAP.test(name)) return false;
    for (const [key, data] of field.get('data').entries(64)) {
      if (!MASQ_FILE.test(key)) continue;
      const config = data.parsed(parseMasqConfigText, 'nonMasqueradeCIDRs: (a list of prefixes) and masqLinkLocal: true or false');
      if (config !== null) this.growing.masqConfigs.push(config);
    }
    return true;
  }
}

const API_VERSION = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?v\d[a-z0-9]*$/;
const KIND = /^[A-Za-z][A-Za-z0-9]*$/;
const WORKLOAD_GROUPS: ReadonlySet<string> = new Set(['', 'apps', 'extensions', 'batch']);
const MASQ_FILE = /^ip-masq[-._a-zA-Z0-9]*$/;
const MASQ_CONFIG_MAP = /^(?:azure-)?ip-masq-agent(?:-config)?(?:-reconciled)?$/;

function ignored(field: Field, kind: string): IgnoredObject {
  const metadata = field.get('metadata');
  return { kind, namespace: metadata.get('namespace').text(63) ?? '', name: metadata.get('name').text(253) ?? '' };
}
