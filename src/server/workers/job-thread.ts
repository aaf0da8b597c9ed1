import { extname } from 'node:path';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { REQUESTS } from '../../fetch/request-log.ts';
import { type FromThread, fromSent, NeedsLongLane, type ThreadOptions, type ToThread } from './messages.ts';

interface Waiting {
  resolve(report: unknown): void;
  reject(error: unknown): void;
}

/** The file of the threads, beside this one here as in the bundle. */
const MAIN = new URL(`./job-thread-main${extname(import.meta.url)}`, import.meta.url);

/**
 * Memory of a thread. Without limits, V8 lets each thread's heap grow to a multiple of what it uses before it collects garbage. A
 * thread that needs more ends, and the server goes on. In MiB.
 */
const MEMORY: ResourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 2_000 };

/** A thread that runs use cases until it is closed, or ends by itself. Its HTTP requests are published in this thread. */
export class JobThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #ended: Error | undefined;

  constructor(options: ThreadOptions, note: (text: string) => void, main: URL = MAIN) {
    this.#worker = new Worker(main, { workerData: options, resourceLimits: MEMORY });
    this.#worker.unref();
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'note') return note(message.text);
      if (message.kind === 'request') return REQUESTS.publish(message.record);
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === 'report') waiting?.resolve(message.report);
      else if (message.kind === 'long') waiting?.reject(new NeedsLongLane());
      else waiting?.reject(fromSent(message.error));
    });
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (code) => this.#end(new Error(`a worker thread ended with ${code}`)));
  }

  /** Number of jobs under way */
  get jobs(): number {
    return this.#waiting.size;
  }

  /** Takes no jobs any more */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Runs a use case.
   * @param signal asks the job to end; it rejects when it has
   * @throws what the use case throws; NeedsLongLane; the reason why the thread ended, if it ends first
   */
  async run(name: string, request: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#next++;
    const cancel = (): void => this.#send({ kind: 'cancel', id });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#worker.ref();
    this.#send({ kind: 'run', id, name, request });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', cancel);
      if (this.#waiting.size === 0) this.#worker.unref();
    }
  }

  /** Ends the thread; jobs under way reject with `reason`. */
  async close(reason: Error): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
