/**
 * Reads a source once and shows every chunk to an observer on the way. A consumer that stops early does not close the source:
 * `drain` shows the rest to the observer, and `close` releases the source.
 */
export class ByteTap implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #observe: (chunk: Uint8Array) => void | Promise<void>;
  readonly #ahead: Uint8Array[] = [];

  constructor(source: AsyncIterable<Uint8Array>, observe: (chunk: Uint8Array) => void | Promise<void>) {
    this.#source = source[Symbol.asyncIterator]();
    this.#observe = observe;
  }

  /** Returns the first `length` bytes, or all if there are fewer, without consuming them. */
  async peek(length: number): Promise<Buffer> {
    let held = this.#ahead.reduce((sum, chunk) => sum + chunk.length, 0);
    while (held < length) {
      const chunk = await this.#pull();
      if (chunk === undefined) break;
      this.#ahead.push(chunk);
      held += chunk.length;
    }
    return Buffer.concat(this.#ahead).subarray(0, length);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const value = this.#ahead.shift() ?? (await this.#pull());
        return value === undefined ? { done: true, value } : { done: false, value };
      },
    };
  }

  async drain(): Promise<void> {
    this.#ahead.length = 0;
    while ((await this.#pull()) !== undefined);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#source.next();
    if (done === true) return undefined;
    await this.#observe(value);
    return value;
  }
}

/** A channel of bytes between two async loops. It holds at most one chunk: `push` resolves when the reader has taken it. */
export class ByteChannel implements AsyncIterable<Uint8Array> {
  #waiting: Uint8Array | undefined;
  #ended = false;
  /** Whether the reader has left, so that chunks are dropped */
  #abandoned = false;
  #wake: (() => void) | undefined;

  async push(chunk: Uint8Array): Promise<void> {
    if (this.#abandoned) return;
    this.#waiting = chunk;
    this.#notify();
    while (this.#waiting !== undefined && !this.#abandoned) await this.#change();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#waiting = undefined;
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        while (this.#waiting === undefined) {
          if (this.#ended) return;
          await this.#change();
        }
        const chunk = this.#waiting;
        this.#waiting = undefined;
        this.#notify();
        yield chunk;
      }
    } finally {
      this.abandon();
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Waits for the other side: the writer for a reader, or the reader for a chunk. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const other = this.#wake;
      this.#wake = () => {
        other?.();
        resolve();
      };
    });
  }
}
