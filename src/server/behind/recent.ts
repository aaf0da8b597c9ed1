/** Limits of Recent. */
export interface RecentLimits {
  /** Sum of the weights of what is kept */
  readonly maxWeight: number;
  /** Time after which an entry is gone, in milliseconds */
  readonly maxAgeMs: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly weight: number;
  readonly since: number;
}

/** Values that were used last, in memory. */
export class Recent<Value> {
  readonly #limits: RecentLimits;
  readonly #entries = new Map<string, Entry<Value>>();
  #weight = 0;

  constructor(limits: RecentLimits) {
    this.#limits = limits;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (performance.now() - entry.since > this.#limits.maxAgeMs) {
      this.#weight -= entry.weight;
      return undefined;
    }
    // To the end: what is at the beginning leaves first.
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** @param weight what it counts as in `maxWeight`, such as its bytes */
  set(key: string, value: Value, weight = 1): void {
    this.delete(key);
    if (weight > this.#limits.maxWeight) return;
    this.#entries.set(key, { value, weight, since: performance.now() });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#limits.maxWeight) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }

  deleteAll(isMeant: (key: string) => boolean): void {
    for (const key of [...this.#entries.keys()]) if (isMeant(key)) this.delete(key);
  }
}
