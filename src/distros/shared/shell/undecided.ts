/** What a script would do cannot be known without running it. Caught where a script is tried, seen nowhere else. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
}

export function undecided(what: string): never {
  throw new Undecided(what);
}
