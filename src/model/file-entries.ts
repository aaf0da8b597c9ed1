import { type EntryHead, FileBlock, packBlock } from './file-block.ts';
import type { FileEntry } from './file-entry.ts';

/** Entries of a block: a few hundred kilobytes, so that no large list is ever needed in one piece. */
const BLOCK_BITS = 12;
const BLOCK_ENTRIES = 1 << BLOCK_BITS;
const IN_BLOCK = BLOCK_ENTRIES - 1;
/** About 16,000 entries */
const FEW_BLOCKS = 4;

/**
 * Entries of an archive in its order, packed into blocks: an archive may have a million, of which most are never looked at one by
 * one. An entry is decoded when it is asked for; `at` returns the same object each time.
 */
export class FileEntries implements Iterable<FileEntry> {
  readonly blocks: readonly FileBlock[];
  readonly length: number;
  #last = 0;
  #before = 0;

  /** @param blocks as packed before: all but the last are full */
  constructor(blocks: readonly Uint8Array[]) {
    this.blocks = blocks.map((bytes) => new FileBlock(bytes));
    this.length = this.blocks.reduce((sum, block) => sum + block.length, 0);
  }

  static of(entries: Iterable<FileEntry>): FileEntries {
    const packer = new FileEntriesPacker();
    for (const entry of entries) packer.add(entry);
    return packer.finish();
  }

  /** Returns an entry, and keeps it. */
  at(index: number): FileEntry {
    return this.#block(index).at(index & IN_BLOCK);
  }

  /** Returns an entry that is not kept: a new object, unless it was asked for before. */
  once(index: number): FileEntry {
    const block = this.#block(index);
    return block.seen(index & IN_BLOCK) ?? block.decode(index & IN_BLOCK);
  }

  /** Returns the entry at an index if it was asked for before. */
  seen(index: number): FileEntry | undefined {
    return this.#block(index).seen(index & IN_BLOCK);
  }

  path(index: number): string {
    return this.#block(index).path(index & IN_BLOCK);
  }

  /** Returns what the entry shares with others; the same object for many. */
  head(index: number): EntryHead {
    return this.#block(index).head(index & IN_BLOCK);
  }

  /** Returns the hash of an entry's content; empty if it has none. */
  sha256(index: number): string {
    return this.#block(index).sha256(index & IN_BLOCK);
  }

  /** Returns the value of a pax record, a character for each byte; undefined if the entry has none of that key. */
  record(index: number, key: string): string | undefined {
    return this.#block(index).record(index & IN_BLOCK, key);
  }

  /** Yields entries as `once` returns them. */
  *[Symbol.iterator](): Generator<FileEntry, undefined> {
    for (let index = 0; index < this.length; index += 1) yield this.once(index);
  }

  find(matches: (entry: FileEntry) => boolean): FileEntry | undefined {
    for (const entry of this) if (matches(entry)) return entry;
    return undefined;
  }

  some(matches: (entry: FileEntry) => boolean): boolean {
    return this.find(matches) !== undefined;
  }

  filter(matches: (entry: FileEntry) => boolean): FileEntry[] {
    return [...this].filter(matches);
  }

  map<T>(toItem: (entry: FileEntry) => T): T[] {
    return Array.from(this, toItem);
  }

  #block(index: number): FileBlock {
    const place = index >>> BLOCK_BITS;
    if (place !== this.#last) this.#move(place);
    return this.blocks[place] as FileBlock;
  }

  /** Lists are read in order: of a long one, only the texts of the last two blocks are kept. */
  #move(place: number): void {
    if (this.blocks.length > FEW_BLOCKS && this.#before !== place) this.blocks[this.#before]?.forgetText();
    this.#before = this.#last;
    this.#last = place;
  }
}

/** Packs entries as they come. */
export class FileEntriesPacker {
  readonly #blocks: Buffer[] = [];
  readonly #like: FileEntries | undefined;
  #waiting: FileEntry[] = [];

  /** @param like a list that may be the same, whose memory is then shared */
  constructor(like?: FileEntries) {
    this.#like = like;
  }

  add(entry: FileEntry): void {
    if (this.#waiting.push(entry) === BLOCK_ENTRIES) this.#pack();
  }

  /** Number of entries added so far */
  get length(): number {
    return this.#blocks.length * BLOCK_ENTRIES + this.#waiting.length;
  }

  /** Yields path and type of what was added so far. */
  *added(): Generator<Pick<FileEntry, 'path' | 'type'>, undefined> {
    const packed = new FileEntries(this.#blocks);
    for (let index = 0; index < packed.length; index += 1)
      yield { path: packed.path(index), type: packed.head(index).type };
    yield* this.#waiting;
  }

  finish(): FileEntries {
    if (this.#waiting.length > 0) this.#pack();
    return new FileEntries(this.#blocks);
  }

  #pack(): void {
    this.#blocks.push(sharedBlock(packBlock(this.#waiting), this.#blocks.length, this.#like));
    this.#waiting = [];
  }
}

/** Returns the block that a list has at a place, if it is equal. */
export function sharedBlock<T extends Uint8Array>(
  block: T,
  place: number,
  like: FileEntries | undefined,
): T | Buffer {
  const known = like?.blocks[place]?.bytes;
  return known?.equals(block) === true ? known : block;
}
