import { type Labels, labelOf } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { hasLabels } from '../objects/selector.ts';

/** Pods by namespace and label pair, so that a selector looks only at the pods that have its rarest pair. */
export class PodIndex {
  readonly #byPair = new Map<string, Pod[]>();

  constructor(pods: readonly Pod[]) {
    for (const pod of pods) {
      for (const key of Object.keys(pod.labels)) {
        const pair = pairKey(pod.namespace, key, labelOf(pod.labels, key) ?? '');
        const list = this.#byPair.get(pair);
        if (list === undefined) this.#byPair.set(pair, [pod]);
        else list.push(pod);
      }
    }
  }

  /** The pods of a namespace that have every pair of a selector; none for an empty selector. In the order of the list. */
  select(namespace: string, selector: Labels): Pod[] {
    let fewest: readonly Pod[] | null = null;
    for (const key of Object.keys(selector)) {
      const list = this.#byPair.get(pairKey(namespace, key, labelOf(selector, key) ?? '')) ?? [];
      if (fewest === null || list.length < fewest.length) fewest = list;
    }
    return (fewest ?? []).filter((pod) => hasLabels(pod.labels, selector));
  }
}

function pairKey(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}
