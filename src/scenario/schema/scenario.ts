import * as z from 'zod';
import { type AzureSection, azureSection } from './azure.ts';
import { type CheckEntry, checkEntry } from './check.ts';
import { type ClusterSection, clusterSection } from './cluster.ts';
import { listens, prose } from './field.ts';
import { type MatrixEntry, matrixEntry } from './matrix.ts';
import { type OutsideSection, outsideSection } from './outside.ts';
import { section } from './section.ts';
import { type SnapshotSection, snapshotSection } from './snapshot.ts';
import { type StepEntry, stepEntry } from './step.ts';
import { type TablesEntry, tablesEntry } from './tables.ts';
import { type PodEntry, type ServiceEntry, podEntry, serviceEntry } from './workload.ts';

/** A scenario file: a network, the traffic through it, and what must become of that traffic. */
export interface Scenario {
  readonly $schema?: string;
  readonly name?: string;
  readonly description?: string;
  readonly tags?: string[];
  readonly seed?: number;
  readonly cluster?: ClusterSection;
  readonly snapshot?: string | SnapshotSection;
  readonly pods?: PodEntry[];
  readonly services?: ServiceEntry[];
  readonly manifests?: (string | Record<string, unknown>)[];
  readonly outside?: OutsideSection;
  readonly azure?: AzureSection;
  readonly listens?: Record<string, (string | number)[]>;
  readonly tables?: TablesEntry[];
  readonly checks?: CheckEntry[];
  readonly matrix?: MatrixEntry[];
  readonly steps?: StepEntry[];
}

export const scenarioSchema: z.ZodType<Scenario> = section({
  $schema: z.string().exactOptional().describe('where an editor finds this schema'),
  name: prose.exactOptional().describe('what the scenario is about, for reports'),
  description: prose.exactOptional().describe('more about it, for its readers'),
  tags: z.array(z.string().max(100)).max(100).exactOptional().describe('what podwalk run --tag selects'),
  seed: z.int().exactOptional().describe('decides every pick that is left to chance; default 1'),
  cluster: clusterSection.exactOptional(),
  snapshot: snapshotSection.exactOptional().describe('a snapshot directory in place of cluster and all that is in it'),
  pods: z.array(podEntry).exactOptional().describe('pods in short form'),
  services: z.array(serviceEntry).exactOptional().describe('services in short form'),
  manifests: z
    .array(z.union([z.string().min(1).max(4096), z.record(z.string(), z.unknown())]))
    .exactOptional()
    .describe('native Kubernetes objects: paths of YAML or JSON files, or objects'),
  outside: outsideSection.exactOptional(),
  azure: azureSection.exactOptional(),
  listens: z.record(z.string().max(600), listens).exactOptional().describe('open ports of pods: NAMESPACE/NAME to ports'),
  tables: z.array(tablesEntry).exactOptional().describe('raw additions to tables'),
  checks: z.array(checkEntry).exactOptional().describe('what must hold, each against the world as it was built'),
  matrix: z.array(matrixEntry).exactOptional().describe('truth tables of who reaches whom'),
  steps: z.array(stepEntry).exactOptional().describe('what happens in order, and what must hold after it'),
}).describe('a podwalk scenario: a network, traffic, and what must become of it');
