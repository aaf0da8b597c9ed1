/**
 * Calls `fn` for every item, at most `limit` at a time, started in order; results are in the items' order. The first
 * error stops the start of further items; it is thrown once those under way have ended.
 */
export async function mapConcurrent<T, R>(
  items: Iterable<T>,
  limit: number,
  fn: (item: T) => Promise<R>,
): Promise<R[]> {
  if (!(limit >= 1)) throw new RangeError(`limit: expected at least 1, got ${limit}`);
  const source = items[Symbol.iterator]();
  const results: R[] = [];
  let started = 0;
  let failed = false;
  let failure: unknown;

  async function work(): Promise<void> {
    while (!failed) {
      try {
        const next = source.next();
        if (next.done === true) return;
        const index = started++;
        results[index] = await fn(next.value);
      } catch (error) {
        if (failed) return;
        failed = true;
        failure = error;
      }
    }
  }

  const workers: Promise<void>[] = [];
  const most = Array.isArray(items) ? Math.min(limit, items.length) : limit;
  for (let n = 0; n < most; n++) workers.push(work());
  await Promise.all(workers);
  if (failed) {
    source.return?.();
    throw failure;
  }
  return results;
}

/** Makes a function that runs work, at most `limit` at a time, in the order of the calls. */
export function limited(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
