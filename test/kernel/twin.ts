import { openDirectory } from '../../src/snapshot/directory.node.ts';
import { readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import type { TwinRun } from './compare.ts';

/** A snapshot ready for probes, each of which starts from a cold state. */
export interface Twin {
  send(line: string): TwinRun;
}

/** @throws Error when the snapshot has problems. */
export function openTwin(folder: string): Twin {
  const directory = openDirectory(folder);
  if (directory === null) throw new Error(`there is no ${folder}`);
  const { problems } = readSnapshot(directory);
  if (problems.length > 0) throw new Error(`the snapshot cannot be read: ${JSON.stringify(problems[0])}`);
  return {
    send() {
      throw new Error('no walk yet');
    },
  };
}
