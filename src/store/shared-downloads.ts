import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { storageError } from '../files/errno.ts';
import { AppError } from '../model/app-error.ts';

/** Temp files are called `<pid>-<random>`, as FileBlobStore's are, so that gc can tell which process they belong to. */
const RANDOM_BYTES = 8;
/** Piece in which a reader gets the bytes. */
const READ_BYTES = 256 * 1024;
/** Time in which a reader that was given the file begins to read it. */
const LINGER_MS = 10_000;

/** A file to download. */
export interface WantedFile<Result> {
  /** Equal for the same file */
  readonly key: string;
  readonly sizeBytes: number;
  /** Passes its bytes to `write`, which has taken them when it resolves. @throws the reason why it cannot */
  fetch(write: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>;
  /**
   * Verifies the whole file, and moves it to its place; what stays at `path` is removed.
   * @throws the reason why these are not the right bytes
   */
  accept(path: string): Promise<Result>;
}

/** A file that is being downloaded. */
export interface ArrivingFile<Result> {
  readonly sizeBytes: number;
  /** Resolves when the file has been accepted; rejects with what `fetch` or `accept` threw */
  readonly accepted: Promise<Result>;
  /**
   * Yields the bytes from `start` on as they arrive. The last byte of the file is yielded only after the file has been accepted.
   * @throws what `fetch` or `accept` threw; the signal's reason
   */
  read(start: number, signal: AbortSignal): AsyncGenerator<Buffer>;
}

/** Options of shared downloads. */
export interface SharedDownloadOptions {
  /** Folder of temp files: that of the blob store (FileBlobStore.ingestDirectory) */
  readonly directory: string;
  /** Ends all downloads */
  readonly signal: AbortSignal;
  /** Downloads at a time; others wait in turn */
  readonly limit: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Downloads each file once, whatever the number of readers that ask for it meanwhile. A download goes on when its readers leave,
 * and is as fast as the source, whatever the speed of its readers: they read the temp file, which only grows.
 */
export class SharedDownloads {
  readonly #options: SharedDownloadOptions;
  readonly #arriving = new Map<string, ArrivingFile<unknown>>();

  constructor(options: SharedDownloadOptions) {
    this.#options = options;
  }

  /** Returns the file with that key that is arriving already, or starts its download. */
  get<Result>(file: WantedFile<Result>): ArrivingFile<Result> {
    const known = this.#arriving.get(file.key);
    if (known !== undefined) return known as ArrivingFile<Result>;
    const arriving = new Arriving(file, this.#options);
    this.#arriving.set(file.key, arriving);
    const forget = (): void => void this.#arriving.delete(file.key);
    arriving.accepted.then(forget, forget);
    return arriving;
  }
}

class Arriving<Result> implements ArrivingFile<Result> {
  readonly sizeBytes: number;
  readonly accepted: Promise<Result>;
  readonly #path: string;
  #file: FileHandle | undefined;
  /** Those of the download itself and of each reader */
  #users = 1;
  #writtenBytes = 0;
  #state: 'arriving' | 'accepted' | { readonly error: unknown } = 'arriving';
  readonly #waiting = new Set<() => void>();

  constructor(wanted: WantedFile<Result>, { directory, signal, limit }: SharedDownloadOptions) {
    this.sizeBytes = wanted.sizeBytes;
    this.#path = join(directory, `${process.pid}-${randomBytes(RANDOM_BYTES).toString('hex')}`);
    this.accepted = this.#run(() => limit(() => this.#download(wanted, signal)));
    // Readers are told; it may be that nobody waits for the result.
    this.accepted.catch(() => {});
  }

  async *read(start: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    this.#users++;
    try {
      for (let at = start; ; ) {
        signal.throwIfAborted();
        if (typeof this.#state === 'object') throw this.#state.error;
        const end =
          this.#state === 'accepted' ? this.sizeBytes : Math.min(this.#writtenBytes, this.sizeBytes - 1);
        if (at < end) {
          const piece = await this.#piece(at, Math.min(end - at, READ_BYTES));
          at += piece.length;
          yield piece;
        } else if (this.#state === 'accepted') return;
        else await this.#progress(signal);
      }
    } finally {
      await this.#leave();
    }
  }

  /** Waits until more can be read, or the signal is aborted. */
  #progress(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  async #piece(position: number, sizeBytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(sizeBytes);
    const { bytesRead } = (await this.#file?.read(buffer, 0, sizeBytes, position)) ?? { bytesRead: 0 };
    if (bytesRead === 0) throw new AppError('STORAGE', `${this.#path}: shrank while it was read`);
    return buffer.subarray(0, bytesRead);
  }

  async #run(download: () => Promise<Result>): Promise<Result> {
    try {
      const result = await download();
      this.#state = 'accepted';
      return result;
    } catch (error) {
      this.#state = { error };
      throw error;
    } finally {
      this.#wake();
      setTimeout(() => void this.#leave(), LINGER_MS).unref();
    }
  }

  async #download(wanted: WantedFile<Result>, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    try {
      const file = await open(this.#path, 'wx+', 0o600);
      this.#file = file;
      await wanted.fetch((bytes) => this.#write(file, bytes), signal);
      if (this.#writtenBytes !== this.sizeBytes) throw this.#wrongSize(`${this.#writtenBytes}`);
      return await wanted.accept(this.#path);
    } catch (error) {
      throw storageError(error, 'write', this.#path);
    } finally {
      await unlink(this.#path).catch(() => {});
    }
  }

  async #write(file: FileHandle, bytes: Uint8Array): Promise<void> {
    if (this.#writtenBytes + bytes.length > this.sizeBytes) throw this.#wrongSize('more');
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, this.#writtenBytes + done);
      done += bytesWritten;
    }
    this.#writtenBytes += bytes.length;
    this.#wake();
  }

  #wrongSize(got: string): AppError {
    return new AppError('INTEGRITY', `wrong size: expected ${this.sizeBytes} bytes, got ${got}`, {
      details: { expected: this.sizeBytes, got },
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #leave(): Promise<void> {
    this.#users--;
    if (this.#users === 0) await this.#file?.close();
  }
}
