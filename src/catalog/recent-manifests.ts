/** Of manifests that are kept in memory: thousands of usual ones, eight of the largest. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Manifests that were read lately, as long as the database does not change. */
export class RecentManifests<T extends { readonly bytes: Uint8Array }> {
  readonly #version: () => number;
  readonly #kept = new Map<string, T>();
  #keptVersion = -1;
  #keptBytes = 0;

  /** @param version changes whenever the database does; far cheaper than to read a manifest */
  constructor(version: () => number) {
    this.#version = version;
  }

  /** Returns what `read` finds under a key; the same object, as long as it is kept. */
  get<R extends T>(key: string, read: () => R | undefined): R | undefined {
    const version = this.#version();
    if (version !== this.#keptVersion) this.#clear(version);
    const known = this.#kept.get(key);
    if (known !== undefined) return known as R;
    const found = read();
    if (found !== undefined) this.#keep(key, found);
    return found;
  }

  #keep(key: string, found: T): void {
    if (this.#keptBytes + found.bytes.length > MAX_BYTES) this.#clear(this.#keptVersion);
    this.#kept.set(key, found);
    this.#keptBytes += found.bytes.length;
  }

  #clear(version: number): void {
    this.#kept.clear();
    this.#keptVersion = version;
    this.#keptBytes = 0;
  }
}
