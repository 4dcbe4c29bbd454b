import { memoryDirectory } from '../../../src/snapshot/directory.ts';
import { type Snapshot, type SnapshotOptions, readSnapshot } from '../../../src/snapshot/read-snapshot.ts';
import type { Netns } from '../../../src/linux/netns.ts';

/** A snapshot directory `snap` with one machine `m`, one namespace `n` and these files of it; other paths begin with a slash. */
export function snapshotOf(files: Readonly<Record<string, unknown>>, options: SnapshotOptions = {}): Snapshot {
  const texts = new Map<string, string>();
  if (!Object.hasOwn(files, '/snapshot.json')) {
    texts.set('snapshot.json', JSON.stringify({ podwalkSnapshot: 1, machines: { m: { kind: 'node', namespaces: ['n'] } } }));
  }
  for (const [name, content] of Object.entries(files)) {
    const path = name.startsWith('/') ? name.slice(1) : `m/n/${name}`;
    texts.set(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return readSnapshot(memoryDirectory('snap', texts), options);
}

/** The namespace that {@link snapshotOf} makes. */
export function netnsOf(snapshot: Snapshot, name = 'n'): Netns {
  const netns = snapshot.world.machines['m']?.netns[name];
  if (netns === undefined) throw new Error(`no namespace m/${name}`);
  return netns;
}

/** Problems as a user reads them. */
export function problemTexts(snapshot: Snapshot): string[] {
  return snapshot.problems.map(({ file, line, col, message, expected }) => `${file}:${line}:${col}: ${message}, expected ${expected}`);
}

export const LO: object = {
  ifindex: 1,
  ifname: 'lo',
  flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
  mtu: 65536,
  link_type: 'loopback',
  address: '00:00:00:00:00:00',
};

export function ether(ifindex: number, ifname: string, more: object = {}): object {
  const flags = ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'];
  return { ifindex, ifname, flags, mtu: 1500, link_type: 'ether', address: `02:00:00:00:00:0${ifindex}`, ...more };
}
