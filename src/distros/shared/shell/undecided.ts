/** What a script would do cannot be known without running it. Caught where a script is tried, seen nowhere else. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
}

/** @throws Undecided. `what`: the construct or state that is not decided, as a noun phrase or a verb of the script */
export function undecided(what: string): never {
  throw new Undecided(what);
}
