import { stat } from 'node:fs/promises';

/** Often enough for a person who has changed a file, and nothing to a file system. */
const CHECK_MS = 2000;

/** Reports what went wrong while the server goes on. */
export type Report = (message: string) => void;

/** A value read from files, which is read again when one of them has changed. If that fails, the old value stays. */
export class Watched<Value> {
  #value: Value;
  #state: string;
  readonly #paths: readonly string[];
  readonly #load: () => Promise<Value>;
  readonly #report: Report;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: ((value: Value) => void)[] = [];

  private constructor(
    [value, state]: readonly [Value, string],
    paths: readonly string[],
    load: () => Promise<Value>,
    report: Report,
  ) {
    this.#value = value;
    this.#state = state;
    this.#paths = paths;
    this.#load = load;
    this.#report = report;
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
    this.#timer.unref();
  }

  /** Loads the value. @throws what `load` throws */
  static async open<T>(
    paths: readonly string[],
    load: () => Promise<T>,
    report: Report,
  ): Promise<Watched<T>> {
    const state = await stateOf(paths);
    return new Watched([await load(), state], paths, load, report);
  }

  get value(): Value {
    return this.#value;
  }

  onChange(listener: (value: Value) => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the files again, whether they have changed or not. */
  async reload(): Promise<void> {
    const state = await stateOf(this.#paths);
    this.#state = state;
    try {
      const value = await this.#load();
      // A later reload has a newer value.
      if (this.#state !== state) return;
      this.#value = value;
      for (const listener of this.#listeners) listener(value);
    } catch (error) {
      this.#report(`${(error as Error).message}; what was read before stays in use`);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    if ((await stateOf(this.#paths)) !== this.#state) await this.reload();
  }
}

/** Sizes, times and inodes; a file that is missing for a moment, as while it is being replaced, differs from any other. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map(async (path) => {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
  });
  return (await Promise.all(states)).join('|');
}
