import type { LinkerFacts, SharedLibrary } from '../../../model/archive.ts';
import type { ContentScan } from '../../shared/file-list-options.ts';
import { segmentsRead, sharedLibrary } from './elf-facts.ts';
import type { ByteReader, Segment } from './elf-layout.ts';

/**
 * Names are near the start of a library, but their place is only known at its end. In the largest libraries (LLVM, 150 MB) they
 * are in the first 8 MiB.
 */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
/** Total size of segments after the head; real libraries have four or five. */
const MAX_TAIL_BYTES = 256 * 1024;
/** A statically linked ldconfig has 1 MiB. */
const MAX_LDCONFIG_BYTES = 16 * 1024 * 1024;

const GENERATOR = /ldconfig [ -~]{1,120} release version [0-9.]{1,12}\0/g;

/** Collects the facts that ldconfig will need of a package's files, in bounded memory. No content makes it throw. */
export class LinkerScan {
  readonly #libraries: Record<string, SharedLibrary | null> = {};
  readonly #generators: Record<string, string> = {};

  facts(): LinkerFacts {
    return { libraries: this.#libraries, generators: this.#generators };
  }

  /** Returns a scan of a file's content; undefined if ldconfig never reads a file of this name. */
  file(path: string, sizeBytes: number): ContentScan | undefined {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name === 'ldconfig' && sizeBytes <= MAX_LDCONFIG_BYTES) return this.#program();
    return name.includes('.so') ? this.#library(sizeBytes) : undefined;
  }

  #program(): ContentScan {
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => chunks.push(Buffer.from(chunk)),
      end: (sha256) => {
        const found = new Set(Buffer.concat(chunks).toString('latin1').match(GENERATOR));
        const [generator = ''] = found;
        if (found.size <= 1) this.#generators[sha256] = generator.replace('\0', '');
      },
    };
  }

  #library(sizeBytes: number): ContentScan {
    const window = new Window(sizeBytes);
    return {
      write: (chunk) => window.write(chunk),
      end: (sha256) => {
        const library = window.library();
        if (library !== undefined) this.#libraries[sha256] = library;
      },
    };
  }
}

interface Part {
  /** Offset in the file */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Parts of a file that have its facts: the head, and the segments after it that the headers name. */
class Window {
  readonly #sizeBytes: number;
  #position = 0;
  #parts: readonly Part[] = [];
  #library: SharedLibrary | null | undefined;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  write(chunk: Buffer): void {
    const from = this.#position;
    this.#position += chunk.length;
    if (chunk.length === this.#sizeBytes) {
      this.#library = sharedLibrary(this.#sizeBytes, readerOf([{ offset: 0, bytes: chunk }]));
      return;
    }
    if (from === 0)
      this.#parts = [{ offset: 0, bytes: Buffer.allocUnsafe(Math.min(this.#sizeBytes, MAX_HEAD_BYTES)) }];
    for (const part of this.#parts) copyInto(part, chunk, from);
    if (from >= MAX_HEAD_BYTES || this.#position < MAX_HEAD_BYTES) return;
    const tails = tailsOf(segmentsRead(this.#sizeBytes, readerOf(this.#parts)));
    for (const tail of tails) copyInto(tail, chunk, from);
    this.#parts = [...this.#parts, ...tails];
  }

  /** Returns the file's facts once all of it is written; undefined: not known. */
  library(): SharedLibrary | null | undefined {
    return this.#parts.length === 0 && this.#sizeBytes > 0
      ? this.#library
      : sharedLibrary(this.#sizeBytes, readerOf(this.#parts));
  }
}

function tailsOf(segments: readonly Segment[]): readonly Part[] {
  let left = MAX_TAIL_BYTES;
  const tails: Part[] = [];
  for (const { offset, sizeBytes } of segments) {
    left -= sizeBytes;
    if (offset + sizeBytes <= MAX_HEAD_BYTES || left < 0) continue;
    tails.push({ offset, bytes: Buffer.allocUnsafe(sizeBytes) });
  }
  return tails;
}

function copyInto({ offset, bytes }: Part, chunk: Buffer, from: number): void {
  const start = Math.max(offset, from);
  if (start < Math.min(offset + bytes.length, from + chunk.length))
    chunk.copy(bytes, start - offset, start - from);
}

function readerOf(parts: readonly Part[]): ByteReader {
  return (offset, length) => {
    const part = parts.find(
      ({ offset: start, bytes }) => offset >= start && offset + length <= start + bytes.length,
    );
    return part?.bytes.subarray(offset - part.offset, offset - part.offset + length);
  };
}
