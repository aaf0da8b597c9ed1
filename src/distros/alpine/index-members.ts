import { type Decompressed, decompress } from '../../archive/decompress.ts';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { TarScanner } from '../../archive/tar-reader.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import type { ApkSignature } from './apk-signatures.ts';

/** The index of Alpine's edge community has 14 MiB uncompressed. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
/** The text of an index compresses about 5 : 1. */
const MAX_RATIO = 200;
const MAX_DESCRIPTION_BYTES = 64 * 1024;
/** Text handed over at a time: a few hundred packages */
const PIECE_BYTES = 256 * 1024;

/** Members of an index that is read once, first its signatures, then its text. */
export class IndexMembers {
  readonly signatures: ApkSignature[] = [];
  /** DESCRIPTION and .PKGINFO, whole, and an empty buffer for APKINDEX; complete when the text has ended */
  readonly contents = new Map<string, Buffer>();
  /** Offset of the first byte that the signatures cover, known when they have been read */
  signedFrom = 0;
  readonly #where: string;
  readonly #chunks: AsyncIterator<{ readonly segment: number; readonly bytes: Buffer }>;
  readonly #segments: Decompressed['segments'];
  readonly #names: string[] = [];
  /** Pieces of the text that came with the last chunk, valid until the next one */
  #text: Buffer[] = [];
  #scanner = this.#scan();
  #content: Buffer = NOTHING;
  #filledBytes = 0;
  #segment = 0;
  #inSigned = false;

  constructor(bytes: Uint8Array, where: string) {
    this.#where = where;
    const { chunks, segments } = decompress(oneChunk(bytes), 'gzip', {
      maxUncompressedBytes: MAX_INDEX_BYTES,
      maxRatio: MAX_RATIO,
      freesChunks: true,
    });
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#segments = segments;
  }

  /**
   * Reads up to the first chunk of the signed part. Signature members are read separately, so that they cannot change how the
   * signed part is read.
   * @throws AppError BAD_INDEX, LIMIT
   */
  async readSignatures(): Promise<void> {
    while (!this.#inSigned && (await this.#next()));
  }

  /**
   * Yields the text, after the signatures; each piece is valid until the next one is requested.
   * @throws AppError BAD_INDEX, LIMIT
   */
  async *readText(): AsyncGenerator<Buffer> {
    do {
      for (const text of this.#text) {
        for (let at = 0; at < text.length; at += PIECE_BYTES) yield text.subarray(at, at + PIECE_BYTES);
      }
    } while (await this.#next());
    if (this.contents.has(TEXT)) return;
    const got = this.#names.join(', ') || 'no entries';
    throw new AppError('BAD_INDEX', `${this.#where}: expected an APKINDEX member, got ${got}`, {
      hint: this.contents.has('.PKGINFO')
        ? 'Use `compose ingest`: this is a package, not an index.'
        : 'Check the URL: an apk repository has its index at <url>/<arch>/APKINDEX.tar.gz.',
    });
  }

  /** Reads a chunk; false: there was none. */
  async #next(): Promise<boolean> {
    this.#text = [];
    try {
      const { done, value } = await this.#chunks.next();
      if (done === true) {
        this.#scanner.finish();
        return false;
      }
      if (value.segment !== this.#segment && !this.#inSigned) {
        this.#scanner.finish();
        this.#scanner = this.#scan();
        const before = this.#segments[value.segment - 1];
        this.signedFrom = before === undefined ? 0 : before.offset + before.sizeBytes;
      }
      this.#segment = value.segment;
      this.#scanner.write(value.bytes);
      return true;
    } catch (error) {
      throw inIndex(error, this.#where);
    }
  }

  #scan(): TarScanner {
    return new TarScanner({
      entry: (entry) => this.#begin(entry),
      content: (entry, chunk) => {
        if (entry.type !== 'file') return;
        if (entry.path === TEXT) this.#text.push(chunk);
        else this.#filledBytes += chunk.copy(this.#content, this.#filledBytes);
      },
      end: (entry) => {
        if (entry.type !== 'file') return;
        if (!this.#inSigned) this.signatures.push({ member: entry.path, bytes: this.#content });
        else if (WANTED.has(entry.path)) this.contents.set(entry.path, this.#content);
      },
    });
  }

  #begin(entry: TarEntry): void {
    const { path, sizeBytes, type } = entry;
    if (!path.startsWith('.SIGN.')) this.#inSigned = true;
    if (path === 'DESCRIPTION' && sizeBytes > MAX_DESCRIPTION_BYTES) {
      throw new AppError(
        'BAD_ARCHIVE',
        `expected a DESCRIPTION of at most ${MAX_DESCRIPTION_BYTES} bytes, got ${sizeBytes}`,
      );
    }
    if (this.contents.has(path)) throw new AppError('BAD_ARCHIVE', `expected one ${path}, got a second one`);
    if (this.#names.length < SHOWN_NAMES) this.#names.push(path);
    const isKept = type === 'file' && path !== TEXT && (!this.#inSigned || WANTED.has(path));
    this.#content = isKept ? Buffer.allocUnsafe(Math.min(sizeBytes, MAX_INDEX_BYTES)) : NOTHING;
    this.#filledBytes = 0;
  }
}

const NOTHING = Buffer.alloc(0);
const TEXT = 'APKINDEX';
const WANTED: ReadonlySet<string> = new Set([TEXT, 'DESCRIPTION', '.PKGINFO']);
/** Names of members in a message */
const SHOWN_NAMES = 5;

/** Turns what the tar reader and the decompressor throw into an error of the index. */
function inIndex(error: unknown, where: string): unknown {
  if (isAppError(error, 'LIMIT')) {
    return new AppError('LIMIT', `${where}: ${error.message}`, {
      cause: error,
      hint: 'Use another mirror with --mirror: no real index looks like this.',
      details: error.details,
    });
  }
  if (!isAppError(error, 'BAD_ARCHIVE')) return error;
  return new AppError('BAD_INDEX', `${where}: ${error.message}`, {
    cause: error,
    hint: 'Index the repository again or use another mirror with --mirror: the index is damaged or truncated.',
  });
}
