import { buildingCluster } from '../aks/build-cluster.ts';
import type { ClusterProblem } from '../aks/problem.ts';
import type { ClusterObjects } from '../kube/objects/cluster-objects.ts';
import type { Located } from '../kube/objects/located.ts';
import { readingObjects } from '../kube/objects/read.ts';
import { InvariantError } from '../wire/invariant.ts';
import { freezing } from '../world/freeze.ts';
import { type Sliced, atOnce } from '../wire/sliced.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import { addAzurePieces } from './build/azure.ts';
import { clusterSpec, nodeEntries, scenarioPath } from './build/cluster-spec.ts';
import { checkPodAddresses } from './build/pod-addresses.ts';
import { podObjects, serviceObjects } from './build/short-forms.ts';
import { addTables } from './build/tables.ts';
import type { LoadedScenario } from './load.ts';
import type { ClusterSection } from './schema/cluster.ts';
import { type SnapshotSection, snapshotOf } from './schema/snapshot.ts';
import { startSession } from './session.ts';
import { LIMITS, overLimit } from './source/limits.ts';
import { type Problem, SourceError, sorted } from './source/problem.ts';
import type { Path, YamlDocument } from './source/yaml.ts';

/** The world that a scenario describes. */
export interface BuiltScenario {
  readonly world: FrozenWorld;
  /** A session in the state that the scenario begins with. */
  readonly start: (seed: number) => Session;
  readonly notes: readonly string[];
}

/** Builds a scenario's world. @throws SourceError with everything that is wrong */
export function buildScenario(loaded: LoadedScenario): BuiltScenario {
  return atOnce(buildingScenario(loaded));
}

/** {@link buildScenario} in slices. */
export function* buildingScenario(loaded: LoadedScenario): Sliced<BuiltScenario> {
  return loaded.scenario.snapshot === undefined
    ? yield* buildingFromCluster(loaded)
    : buildFromSnapshot(loaded, snapshotOf(loaded.scenario.snapshot));
}

function buildFromSnapshot({ file, document, snapshot }: LoadedScenario, { folder, cold = false }: SnapshotSection): BuiltScenario {
  if (snapshot === null) {
    const problem = { message: `the snapshot ${folder} can not be opened here`, expected: 'the command line, which reads folders' };
    throw new SourceError([{ file, ...document.at(['snapshot']), ...problem }]);
  }
  return { world: snapshot.world, start: (seed) => snapshot.start({ seed, cold }), notes: snapshot.notes };
}

function* buildingFromCluster(loaded: LoadedScenario): Sliced<BuiltScenario> {
  const build = new Building(loaded);
  const cluster = loaded.scenario.cluster ?? { mode: '' };
  build.countAll(cluster);
  const objects = yield* build.objects(cluster);
  build.stopIfWrong();
  const { world, problems, notices } = yield* buildingCluster(clusterSpec(loaded.scenario, cluster, objects));
  for (const problem of problems) build.clusterProblem(problem);
  build.stopIfWrong();
  if (world === null) throw new InvariantError('a cluster without a problem was not built');
  checkPodAddresses(world, loaded.scenario.pods ?? [], (path, message, expected) => build.complain(path, message, expected));
  addAzurePieces(world, loaded.scenario.azure ?? {}, (path, message, expected) => build.complain(path, message, expected));
  build.problems.push(...addTables(world, loaded));
  build.stopIfWrong();
  const frozen = yield* freezing(world);
  return {
    world: frozen,
    start: (seed) => startSession(frozen, seed),
    notes: notices.map(({ pod, message }) => `pod ${pod}: ${message}`),
  };
}

class Building {
  readonly problems: Problem[] = [];
  readonly #loaded: LoadedScenario;

  constructor(loaded: LoadedScenario) {
    this.#loaded = loaded;
  }

  complain(path: Path, message: string, expected: string): void {
    this.problems.push({ file: this.#loaded.file, ...this.#loaded.document.at(path), message, expected });
  }

  clusterProblem({ path, place, message, expected }: ClusterProblem): void {
    if (place !== null) this.problems.push({ ...place, message, expected });
    else this.complain(scenarioPath(path, this.#loaded.scenario), message, expected);
  }

  /** @throws SourceError when something is wrong by now */
  stopIfWrong(): void {
    if (this.problems.length > 0) throw new SourceError(sorted(this.problems));
  }

  /** Numbers are looked at before anything is made of them. */
  countAll(cluster: ClusterSection): void {
    const { pods = [], services = [], outside = {} } = this.#loaded.scenario;
    const nodes = typeof cluster.nodes === 'number' ? cluster.nodes : (cluster.nodes?.length ?? 0);
    if (nodes > LIMITS.MAX_NODES) this.complain(['cluster', 'nodes'], overLimit(`${nodes} nodes`, 'MAX_NODES'), '');
    const podCount = pods.reduce((sum, { replicas = 1 }) => sum + replicas, 0);
    if (podCount > LIMITS.MAX_PODS) this.complain(['pods'], overLimit(`${podCount} pods`, 'MAX_PODS'), '');
    if (services.length > LIMITS.MAX_SERVICES) this.complain(['services'], overLimit(`${services.length} services`, 'MAX_SERVICES'), '');
    const hosts = (outside.vms?.length ?? 0) + (outside.internet?.length ?? 0) + (outside.onprem?.length ?? 0);
    if (hosts > LIMITS.MAX_HOSTS) this.complain(['outside'], overLimit(`${hosts} hosts`, 'MAX_HOSTS'), '');
    this.stopIfWrong();
  }

  /** The Kubernetes objects of the scenario: manifests, then short forms. */
  *objects(cluster: ClusterSection): Sliced<ClusterObjects> {
    const { document, scenario, manifests } = this.#loaded;
    const names = nodeEntries(cluster).map(({ name }) => name);
    const documents: Located[] = [...manifests];
    const { pods = [] } = scenario;
    for (const [index, entry] of pods.entries()) {
      yield { what: 'entries', done: index, of: pods.length };
      const path = ['pods', index];
      const node = typeof entry.node === 'number' ? names[entry.node] : entry.node;
      if (entry.node !== undefined && node === undefined)
        this.complain([...path, 'node'], `there is no node ${entry.node}`, `a number from 0 to ${names.length - 1}`);
      documents.push(...podObjects(entry, node).map((object) => standIn(object, document, path)));
    }
    for (const [index, entry] of (scenario.services ?? []).entries())
      documents.push(...serviceObjects(entry).map((object) => standIn(object, document, ['services', index])));
    const { objects, problems } = yield* readingObjects(documents);
    this.problems.push(...problems);
    return objects;
  }
}

/** The object that stands for a short form; every place in it is the place of the short form. */
function standIn(value: object, document: YamlDocument, path: Path): Located {
  return { value, file: document.file, at: () => document.at(path) };
}
