import { createWriteStream, type WriteStream } from 'node:fs';
import type { Report } from '../access/watched.ts';

const FLUSH_MS = 1000;
const FLUSH_BYTES = 64 * 1024;
/** A disk or a reader that falls behind by this loses lines: requests do not wait for the log. */
const MAX_WAITING_BYTES = 8 << 20;

/**
 * Lines that are appended to a file, or to standard error, many at a time. The file is opened for appending: it may be truncated
 * at any time (logrotate's copytruncate), or renamed before `reopen`.
 */
export class LogFile {
  readonly #path: string | undefined;
  readonly #report: Report;
  #stream: WriteStream;
  #lines: string[] = [];
  #bytes = 0;
  #lost = 0;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param path undefined: standard error */
  constructor(path: string | undefined, report: Report) {
    this.#path = path;
    this.#report = report;
    this.#stream = this.#open();
  }

  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#bytes + this.#stream.writableLength > MAX_WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#bytes >= FLUSH_BYTES) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#stream.write(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#bytes = 0;
    if (this.#lost > 0)
      this.#report(`the log could not be written fast enough: ${this.#lost} lines are lost`);
    this.#lost = 0;
  }

  /** Goes on in a new file of the same name, after the old one was renamed. */
  reopen(): void {
    if (this.#path === undefined) return;
    this.flush();
    this.#stream.end();
    this.#stream = this.#open();
  }

  /** Writes what waits. Later lines are lost. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    await new Promise<void>((resolve) => {
      if (this.#stream.closed) resolve();
      this.#stream.once('close', resolve);
      // Standard error stays open.
      this.#stream.end(() => this.#path === undefined && resolve());
    });
  }

  #open(): WriteStream {
    const stream =
      this.#path === undefined
        ? createWriteStream('', { fd: 2, autoClose: false })
        : createWriteStream(this.#path, { flags: 'a', mode: 0o640 });
    stream.on('error', (error) => this.#report(`the log cannot be written: ${error.message}`));
    return stream;
  }
}
