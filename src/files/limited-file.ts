import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../model/app-error.ts';

/*
 * Readers of whole files that users name. They never read more than the limit, whatever the file's size says (/dev/zero has none),
 * and do not wait forever for a pipe that has no writer.
 */

const PIECE_BYTES = 64 * 1024;
/** Time that a named pipe may take to get its first byte. */
const PIPE_WAIT_MS = 5000;
const PIPE_STEP_MS = 10;
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Reads a regular file as a whole.
 * @throws AppError LIMIT over `maxBytes`, UNSUPPORTED for pipes and devices; the system's error if it cannot be opened
 */
export function readLimitedFile(path: string, maxBytes: number): Buffer {
  const file = openSync(path, FLAGS);
  try {
    if (!fstatSync(file).isFile()) {
      throw new AppError('UNSUPPORTED', `${path}: expected a file, got something else`, {
        details: { path },
      });
    }
    const parts = new Parts(path, maxBytes);
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const got = readSync(file, piece);
      if (got === 0) return parts.whole();
      parts.add(piece.subarray(0, got));
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a file, pipe or device to its end.
 * @throws AppError LIMIT over `maxBytes`; the system's error if it cannot be opened or read
 */
export async function readLimitedInput(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, FLAGS);
  try {
    const isPipe = (await file.stat()).isFIFO();
    const parts = new Parts(path, maxBytes);
    for (let waitedMs = 0; ; ) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const got = await file.read(piece).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EAGAIN') throw error;
        return undefined;
      });
      if (got !== undefined && got.bytesRead > 0) parts.add(piece.subarray(0, got.bytesRead));
      else if (got !== undefined && (!isPipe || !parts.isEmpty || waitedMs >= PIPE_WAIT_MS)) {
        return parts.whole();
      } else {
        await sleep(PIPE_STEP_MS);
        waitedMs += PIPE_STEP_MS;
      }
    }
  } finally {
    await file.close();
  }
}

class Parts {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #pieces: Buffer[] = [];
  #sizeBytes = 0;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#sizeBytes === 0;
  }

  add(piece: Buffer): void {
    this.#sizeBytes += piece.length;
    if (this.#sizeBytes > this.#maxBytes) {
      throw new AppError('LIMIT', `${this.#path}: expected at most ${this.#maxBytes} bytes, got more`, {
        details: { path: this.#path, limit: this.#maxBytes },
      });
    }
    this.#pieces.push(piece);
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
