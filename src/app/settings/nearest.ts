/** Names that differ in more than a third of their letters are not similar. */
const MAX_DISTANCE_SHARE = 1 / 3;

/** Returns the names most like `wanted`: names that begin with it, then by the number of edits. */
export function nearestNames(wanted: string, names: readonly string[], most: number): readonly string[] {
  const limit = Math.min(Math.max(1, Math.floor(wanted.length * MAX_DISTANCE_SHARE)), wanted.length - 1);
  const lower = wanted.toLowerCase();
  const scored: { name: string; score: number }[] = [];
  for (const name of names) {
    if (name === wanted) continue;
    if (name.startsWith(lower) && lower.length >= 3) {
      scored.push({ name, score: (name.length - lower.length) / 100 });
    } else if (Math.abs(name.length - lower.length) <= limit) {
      const edits = editDistance(lower, name.toLowerCase(), limit);
      if (edits <= limit) scored.push({ name, score: edits });
    }
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, most).map(({ name }) => name);
}

/** Optimal string alignment distance (insert, delete, replace, swap neighbours); stops early beyond `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] as number) + 1,
        (next[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] as number) + 1);
      }
      next.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    beforeLast = last;
    last = next;
  }
  return last[b.length] as number;
}

/** Returns the name most like `wanted`; undefined if none is similar. */
export function nearest(wanted: string, names: Iterable<string>): string | undefined {
  return nearestNames(wanted, [...names], 1)[0];
}
