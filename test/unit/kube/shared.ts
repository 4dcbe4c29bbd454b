import { existsSync, readFileSync } from 'node:fs';
import { unplaced } from '../../../src/kube/objects/located.ts';
import { type ReadObjects, readObjects } from '../../../src/kube/objects/read.ts';

const SHARED = new URL('../../../../shared/', import.meta.url);

/** Whether the reference data stands beside the repository; says how many tests are skipped when it does not. */
export function hasShared(path: string, tests: number): boolean {
  const there = existsSync(new URL(path, SHARED));
  if (!there) console.warn(`${tests} tests skipped: ../shared/${path} is not there`);
  return there;
}

export function sharedText(path: string): string {
  return readFileSync(new URL(path, SHARED), 'utf8');
}

export function sharedJson(path: string): unknown {
  return JSON.parse(sharedText(path));
}

/** Reads objects written in a test. */
export function objectsOf(...values: unknown[]): ReadObjects {
  return readObjects(values.map((value) => unplaced(value, 'test.yaml')));
}
