import { InvariantError } from '../wire/invariant.ts';

/**
 * Caches what is compiled from a frozen table, per table object: an edit makes a new object and so recompiles only what it touched.
 * The further inputs are compared by identity; the latest combination is kept.
 * @throws InvariantError when the table is not frozen, because then the cache would serve stale results
 */
export function memo<K extends object, A extends readonly unknown[], V>(compute: (key: K, ...inputs: A) => V): (key: K, ...inputs: A) => V {
  const cache = new WeakMap<K, { inputs: A; value: V }>();
  return (key, ...inputs) => {
    const held = cache.get(key);
    if (held?.inputs.every((input, i) => input === inputs[i]) === true) return held.value;
    if (!Object.isFrozen(key)) throw new InvariantError('a fabric must be frozen before packets cross it');
    const value = compute(key, ...inputs);
    cache.set(key, { inputs, value });
    return value;
  };
}
