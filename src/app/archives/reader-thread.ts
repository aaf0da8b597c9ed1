import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { KeyRequest } from '../../distros/keys.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { FileEntries } from '../../model/file-entries.ts';
import type { DistroId, IndexPackage } from '../../model/package.ts';
import type { ArchiveFile } from './ingest-file.ts';

/** An archive for the thread to read. Plain data, as messages between threads are. */
export interface ThreadRequest {
  readonly distro: DistroId;
  readonly content: ArchiveFile['content'];
  readonly where: string;
  readonly expected: IndexPackage | undefined;
  readonly signature: Uint8Array | undefined;
  /** Absent: as in the request before */
  readonly keys?: KeyRequest;
}

/** Facts with packed entries; undefined for an archive that the thread could not read or did not accept. */
export type ThreadReply =
  | (Omit<ArchiveFacts, 'files'> & { readonly blocks: readonly Uint8Array[] })
  | undefined;

/** Reads archives beside this thread, if it can. */
export interface ArchiveReader {
  /** Returns the facts of an archive that was read and accepted; undefined: the caller has to read it. */
  read(file: ArchiveFile): Promise<ArchiveFacts | undefined>;
}

/** Archives that wait for the thread, the one being read included: it should never be idle, nor hold up the last ones. */
const MAX_WAITING = 4;
/** The default would only be filled with garbage, 40 MiB of it. */
const YOUNG_GENERATION_MB = 4;

/**
 * Reads and verifies archives on a thread of its own, beside downloads and the store. It only saves time: what it does not
 * answer, for want of a thread or because an archive is refused, the caller reads itself, and so learns the reason.
 */
export class ReaderThread implements ArchiveReader {
  readonly #worker: Worker;
  readonly #waiting: ((facts: ArchiveFacts | undefined) => void)[] = [];
  readonly #signal: AbortSignal;
  readonly #cancel = () => void this.close();
  #keys: KeyRequest | undefined;
  #hasEnded = false;

  /**
   * Starts a thread; returns undefined where threads are not permitted (`node --permission`).
   * @param signal ends the thread at once, so that a large archive delays no cancel
   */
  static start(signal: AbortSignal): ReaderThread | undefined {
    try {
      return new ReaderThread(signal);
    } catch {
      return undefined;
    }
  }

  private constructor(signal: AbortSignal) {
    this.#worker = new Worker(new URL(`./reader-thread-main${extname(import.meta.url)}`, import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => this.#waiting.shift()?.(factsOf(reply)));
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
    this.#signal = signal;
    signal.addEventListener('abort', this.#cancel);
  }

  async read(file: ArchiveFile): Promise<ArchiveFacts | undefined> {
    if (this.#hasEnded || this.#waiting.length >= MAX_WAITING) return undefined;
    const { distro, content, where, expected, signature } = file;
    const { keyRequest } = file.trust;
    const keys = keyRequest === this.#keys ? {} : { keys: keyRequest };
    const request: ThreadRequest = { distro: distro.id, content, where, expected, signature, ...keys };
    this.#worker.postMessage(request);
    this.#keys = keyRequest;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the thread, and what it is reading. */
  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#end();
    await this.#worker.terminate();
  }

  #end(): void {
    this.#hasEnded = true;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}

function factsOf(reply: ThreadReply): ArchiveFacts | undefined {
  if (reply === undefined) return undefined;
  const { blocks, ...facts } = reply;
  return { ...facts, files: new FileEntries(blocks) };
}
