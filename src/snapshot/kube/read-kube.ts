import { type ClusterObjects, NO_OBJECTS } from '../../kube/objects/cluster-objects.ts';
import type { Located, ObjectProblem } from '../../kube/objects/located.ts';
import { readObjects } from '../../kube/objects/read.ts';
import { parseJson } from '../json.ts';
import type { Source } from '../read/source.ts';

/** Reads a YAML text; a snapshot's reader is given one, so that nothing loads it that meets no YAML. */
export type YamlReader = (source: { readonly file: string; readonly text: string }) => {
  readonly documents: readonly Located[];
  readonly problems: readonly ObjectProblem[];
};

/** The objects of `kube/*.json` and `kube/*.yaml`, files in the order of their names; null where there is no such file. */
export function readKube(source: Source, yaml: YamlReader): ClusterObjects | null {
  const files = source.directory.list('kube').filter((name) => /\.(?:json|ya?ml)$/.test(name));
  if (files.length === 0) return null;
  const documents = files.flatMap((name) => documentsOf(source, `kube/${name}`, yaml));
  const { objects, problems } = readObjects(documents);
  for (const problem of problems) source.problems.add(problem);
  return problems.length === 0 ? objects : NO_OBJECTS;
}

function documentsOf(source: Source, path: string, yaml: YamlReader): readonly Located[] {
  const text = source.text(path);
  if (text === null || text.trim() === '') return [];
  const file = source.fileName(path);
  if (!path.endsWith('.json')) {
    const { documents, problems } = yaml({ file, text });
    for (const problem of problems) source.problems.add(problem);
    return documents;
  }
  const parsed = parseJson(text, file);
  if ('doc' in parsed) return [parsed.doc];
  source.problems.add({ file, ...parsed.fault });
  return [];
}
