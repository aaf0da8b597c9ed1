/** Longer lines are cut. */
const MAX_LINE_BYTES = 4096;

/**
 * Splits a program's output into lines fit for a terminal: no control characters, no more than `maxBytes` in all. The rest is
 * counted and dropped.
 */
export class OutputLines {
  readonly #emit: (line: string) => void;
  #remainingBytes: number;
  #dropped = 0;
  #line: Buffer = Buffer.alloc(0);

  constructor(emit: (line: string) => void, maxBytes: number) {
    this.#emit = emit;
    this.#remainingBytes = maxBytes;
  }

  write(chunk: Buffer): void {
    const taken = chunk.subarray(0, this.#remainingBytes);
    this.#remainingBytes -= taken.length;
    this.#dropped += chunk.length - taken.length;
    let offset = 0;
    while (offset < taken.length) {
      const newline = taken.indexOf(0x0a, offset);
      const end = Math.min(
        newline < 0 ? taken.length : newline,
        offset + Math.max(MAX_LINE_BYTES - this.#line.length, 0),
      );
      this.#line = Buffer.concat([this.#line, taken.subarray(offset, end)]);
      offset = end;
      if (end === newline) offset += 1;
      if (end === newline || this.#line.length >= MAX_LINE_BYTES) this.#flush();
    }
  }

  finish(): void {
    if (this.#line.length > 0) this.#flush();
    if (this.#dropped > 0) this.#emit(`… and ${this.#dropped} more bytes, not shown`);
  }

  #flush(): void {
    this.#emit(this.#line.toString('utf8').replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, ''));
    this.#line = Buffer.alloc(0);
  }
}
