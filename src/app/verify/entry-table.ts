/**
 * Places of many things by 32-bit hashes, of which several may be equal: what a map of strings would take ten times the memory for.
 * The place that was added last comes first.
 */
export class EntryTable {
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #hashes: Uint32Array;

  /** @param size number of places, from 0 */
  constructor(size: number) {
    // A power of two, so that the lower bits of a hash choose the chain.
    this.#first = new Int32Array(2 ** Math.ceil(Math.log2(size + 1))).fill(-1);
    this.#next = new Int32Array(size);
    this.#hashes = new Uint32Array(size);
  }

  add(hash: number, place: number): void {
    const chain = hash & (this.#first.length - 1);
    this.#hashes[place] = hash;
    this.#next[place] = this.#first[chain] as number;
    this.#first[chain] = place;
  }

  /** Yields the places of a hash. */
  *places(hash: number): Generator<number, undefined> {
    const chain = hash & (this.#first.length - 1);
    for (let place = this.#first[chain] as number; place >= 0; place = this.#next[place] as number)
      if (this.#hashes[place] === hash >>> 0) yield place;
  }
}
