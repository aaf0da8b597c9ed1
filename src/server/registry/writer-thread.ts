import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RegistryWrites } from '../../catalog/registry-writes.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';

/** Operations, by name. */
type Operations = RegistryWrites;
type Request<K extends keyof Operations> = Parameters<Operations[K]>[0];
type Result<K extends keyof Operations> = ReturnType<Operations[K]>;

/** An operation for the thread to run. */
export interface WriteMessage {
  readonly id: number;
  readonly name: keyof Operations;
  readonly request: unknown;
}

/** What became of one: its result, or its error. */
export interface WriteReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: ErrorCode | undefined; readonly message: string; readonly hint?: string };
}

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs the changes of what is stored on a thread of its own, one transaction for all that are waiting: the disk's flush, which ends
 * a transaction, holds up no request that reads, and many pushes share one. The thread starts with the first change.
 */
export class WriterThread {
  readonly #directory: string;
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** @param directory the cache folder */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves when the change is on disk. @throws AppError STORAGE, CATALOG */
  run<K extends keyof Operations>(name: K, request: Request<K>): Promise<Result<K>> {
    this.#worker ??= this.#start();
    const message: WriteMessage = { id: this.#nextId++, name, request };
    return new Promise<Result<K>>((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      this.#worker?.postMessage(message);
    });
  }

  /** Ends the thread; the caller has waited for its own changes. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL(`./writer-thread-main${extname(import.meta.url)}`, import.meta.url), {
      workerData: this.#directory,
    });
    worker.unref();
    worker.on('message', (replies: readonly WriteReply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('the thread that writes has ended')));
    return worker;
  }

  #settle({ id, result, error }: WriteReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(errorOf(error));
  }

  /** The next change starts another thread. */
  #fail(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function errorOf({ code, message, hint }: NonNullable<WriteReply['error']>): Error {
  if (code === undefined) return new Error(message);
  return new AppError(code, message, hint === undefined ? {} : { hint });
}
