/**
 * Thrown when the effect of a script cannot be known without running it. Callers that try scripts catch it; users never see it.
 */
export class Undecided extends Error {
  override readonly name = 'Undecided';
}

/**
 * Gives a script up as undecided.
 * @param what the construct or state that is not decided: a noun phrase, or a verb with the script as its subject
 * @throws Undecided
 */
export function undecided(what: string): never {
  throw new Undecided(what);
}
