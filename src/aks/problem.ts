import type { Place } from '../kube/objects/located.ts';

/** Something wrong with a cluster that somebody described. */
export interface ClusterProblem {
  /** The way into the description: `['nodes', 3, 'addr']`. */
  readonly path: readonly (string | number)[];
  /** Where the object stands that is wrong, when it is a Kubernetes object. */
  readonly place: Place | null;
  /** The error code of Azure's resource provider, where it has one. */
  readonly code: string | null;
  readonly message: string;
  readonly expected: string;
}

export function problem(path: readonly (string | number)[], message: string, expected: string, code: string | null = null): ClusterProblem {
  return { path, place: null, code, message, expected };
}

export function problemAt(place: Place | null, message: string, expected: string): ClusterProblem {
  return { path: [], place, code: null, message, expected };
}
