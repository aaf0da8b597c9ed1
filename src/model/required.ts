/**
 * Returns the value of a key that the caller knows to be in a map or list.
 * @throws Error that names the key: a missing one is a bug, not an expected failure
 */
export function required<V>(list: readonly V[], index: number): V;
export function required<K, V>(map: Pick<ReadonlyMap<K, V>, 'get'>, key: K): V;
export function required<K, V>(source: readonly V[] | Pick<ReadonlyMap<K, V>, 'get'>, key: K): V {
  const value = 'get' in source ? source.get(key) : source[key as number];
  if (value === undefined) throw new Error(`nothing is known under ${String(key)}`);
  return value;
}
