import type { Manifest } from './manifest.ts';
import type { Source } from './source.ts';

/** What a snapshot may hold and nobody reads: IPv6 is not modelled, and says so where a walk meets it. */
const IPV6 = new Set(['route6.json', 'rule6.json', 'ip6tables.txt', 'ip6tables-legacy.txt']);
/** Parts that are told. */
const MAX_UNREAD = 50;

/** What lies in a snapshot directory that no snapshot has, by its place: a name that is misspelt is a dump that is not there. */
export function unreadParts(source: Source, { machines, unknownKeys }: Manifest): string[] {
  const unread = unknownKeys.slice(0, MAX_UNREAD).map((key) => `${source.fileName('snapshot.json')}: "${key}"`);
  const folders = ['azure', ...machines.flatMap(({ name, namespaces }) => namespaces.map((netns) => `${name}/${netns}`))];
  for (const folder of folders) {
    for (const path of source.unread(folder)) {
      if (!IPV6.has(path.slice(folder.length + 1))) unread.push(source.fileName(path));
      if (unread.length >= MAX_UNREAD) return unread;
    }
  }
  return unread;
}
