import * as z from 'zod';
import type { SnapshotDirectory } from '../../snapshot/directory.ts';
import { type AzureSection, azureSection } from '../schema/azure.ts';
import { type ClusterSection, clusterSection } from '../schema/cluster.ts';
import { prose } from '../schema/field.ts';
import { type OutsideSection, outsideSection } from '../schema/outside.ts';
import { section } from '../schema/section.ts';
import { issueProblems } from '../source/issues.ts';
import type { Problem } from '../source/problem.ts';
import { decode } from '../source/text.ts';
import { type YamlDocument, parseYaml } from '../source/yaml.ts';
import { type ClusterMemory, clusterMemory } from './cluster-memory.ts';
import { type FabricFacts, fabricFacts } from './fabric-facts.ts';
import { type HostMemory, hostMemory } from './host-memory.ts';
import { type Codec, line } from './text.ts';

/** The file of a snapshot directory that says what no dump can. */
export const FACTS_FILE = 'podwalk.json';

/** What no dump of machines, of the cluster or of Azure says: in the scenario's own sections, and what only an exported World has. */
export interface SnapshotFacts {
  readonly $schema?: string;
  readonly name?: string;
  readonly description?: string;
  readonly seed?: number;
  /** The cluster's mode and address ranges. */
  readonly cluster?: ClusterSection;
  readonly outside?: OutsideSection;
  readonly azure?: AzureSection;
  readonly fabric?: FabricFacts;
  /** What agents, plug-ins and podwalk itself remember: an export carries it, nobody has to write it. */
  readonly memory?: Memory;
}

export interface Memory {
  readonly machines?: Record<string, HostMemory>;
  readonly cluster?: ClusterMemory;
}

const factsSchema: Codec<SnapshotFacts> = section({
  $schema: z.string().exactOptional(),
  name: prose.exactOptional(),
  description: prose.exactOptional(),
  seed: z.int().exactOptional(),
  cluster: clusterSection.exactOptional(),
  outside: outsideSection.exactOptional(),
  azure: azureSection.exactOptional(),
  fabric: fabricFacts.exactOptional(),
  memory: section({ machines: z.record(line, hostMemory).exactOptional(), cluster: clusterMemory.exactOptional() }).exactOptional(),
}).describe('podwalk.json of a snapshot directory: what no dump can say');

/** A facts file that was read, and the way back to its text. */
export interface LoadedFacts {
  readonly facts: SnapshotFacts;
  readonly document: YamlDocument;
}

/** Reads podwalk.json; null when there is none. Problems are added to the list. */
export function readFacts(directory: SnapshotDirectory, problems: Problem[]): LoadedFacts | null {
  const content = directory.read(FACTS_FILE);
  const file = `${directory.name}/${FACTS_FILE}`;
  switch (content.kind) {
    case 'absent':
      return null;
    case 'refused':
      problems.push({ file, line: 1, col: 1, message: content.message, expected: content.expected });
      return null;
    case 'text': {
      const source = decode(file, new TextEncoder().encode(content.text));
      if (!('text' in source)) {
        problems.push(source);
        return null;
      }
      return parsed(source, problems);
    }
  }
}

function parsed(source: { readonly file: string; readonly text: string }, problems: Problem[]): LoadedFacts | null {
  const { documents, problems: found } = parseYaml(source);
  problems.push(...found);
  const [document, second] = documents;
  if (document === undefined || found.length > 0) return null;
  if (second !== undefined) problems.push({ file: source.file, ...second.at([]), message: 'a second document', expected: 'one mapping' });
  const result = factsSchema.safeParse(document.value, { jitless: true });
  if (result.success) return { facts: result.data, document };
  problems.push(...issueProblems(result.error.issues, document));
  return null;
}

/** The text of podwalk.json. */
export function factsText(facts: SnapshotFacts): string {
  return `${JSON.stringify(z.encode(factsSchema, facts), null, 1)}\n`;
}

/** The JSON Schema (draft 2020-12) of podwalk.json, for editors. */
export function factsJsonSchema(): object {
  return { title: 'podwalk snapshot facts', ...z.toJSONSchema(factsSchema, { io: 'input', unrepresentable: 'any' }) };
}
