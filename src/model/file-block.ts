import { isAscii } from 'node:buffer';
import type { EntryType, FileEntry } from './file-entry.ts';
import { copied, decodePath, encodePath } from './path-bytes.ts';

/** Attributes that many entries of an archive share. */
export interface EntryHead {
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: FileEntry['xattrs'];
  /** Whether the entry has a link target, and a hash */
  readonly links: boolean;
  readonly hashed: boolean;
  /** Keys of the pax records, in order */
  readonly keys: readonly string[];
}

const HEAD_FIELDS = [
  'type',
  'mode',
  'uid',
  'gid',
  'uname',
  'gname',
  'deviceMajor',
  'deviceMinor',
  'xattrs',
  'links',
  'hashed',
  'keys',
] as const satisfies readonly (keyof EntryHead)[];

/** Sizes of the sections of paths, rows and values; the heads, as JSON, are the rest. */
const PREFIX_BYTES = 12;

/** A row of fixed size for each entry: where its path and its values end, the index of its head, and its numbers and hash. */
const ROW = { pathEnd: 0, valuesEnd: 4, head: 8, offset: 12, sizeBytes: 20, mtime: 28, sha256: 36 };
const ROW_BYTES = 68;

const LINE_FEED = 10;

/**
 * Packs entries into the form that the catalog keeps; numbers are little-endian. Every path follows a line feed, and one follows
 * the last path, so that bytes can be searched for paths.
 */
export function packBlock(entries: readonly FileEntry[]): Buffer {
  const paths = encodePath(entries.map(({ path }) => `\n${path}`).join(''));
  const rows = Buffer.alloc(entries.length * ROW_BYTES);
  const values: Buffer[] = [];
  const heads = new HeadTable();
  let pathEnd = 0;
  let valuesEnd = 0;
  entries.forEach((entry, index) => {
    const row = index * ROW_BYTES;
    pathEnd = endOfPath(paths, pathEnd, entry.path);
    for (const value of valuesOf(entry)) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(value.length);
      values.push(length, value);
      valuesEnd += length.length + value.length;
    }
    rows.writeUInt32LE(pathEnd, row + ROW.pathEnd);
    rows.writeUInt32LE(valuesEnd, row + ROW.valuesEnd);
    rows.writeUInt32LE(heads.indexOf(entry), row + ROW.head);
    rows.writeDoubleLE(entry.offset, row + ROW.offset);
    rows.writeDoubleLE(entry.sizeBytes, row + ROW.sizeBytes);
    rows.writeDoubleLE(entry.mtime, row + ROW.mtime);
    rows.write(entry.sha256, row + ROW.sha256, 'hex');
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  for (const [index, size] of [paths.length + 1, rows.length, valuesEnd].entries())
    prefix.writeUInt32LE(size, index * 4);
  return joined([prefix, paths, Buffer.of(LINE_FEED), rows, ...values, heads.bytes()]);
}

/** Joins buffers in memory of its own, which can be handed to another thread. */
function joined(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(whole, at);
  return whole;
}

function endOfPath(paths: Buffer, start: number, path: string): number {
  const end = start + 1 + path.length;
  // Only ASCII has a byte for each character of a path without line feeds.
  const isPlain = (end === paths.length || paths[end] === LINE_FEED) && !path.includes('\n');
  return isPlain ? end : start + 1 + encodePath(path).length;
}

function valuesOf({ linkTarget, pax }: FileEntry): readonly Buffer[] {
  const records = pax.map(([, value]) => Buffer.from(value, 'base64'));
  return linkTarget === '' ? records : [encodePath(linkTarget), ...records];
}

/** Distinct heads of a block. */
class HeadTable {
  readonly #indexes = new Map<string, number>();
  readonly #rows: string[] = [];
  #last: FileEntry | undefined;
  #lastIndex = 0;

  indexOf(entry: FileEntry): number {
    if (this.#last === undefined || !sameHead(this.#last, entry)) {
      const row = JSON.stringify(HEAD_FIELDS.map((field) => headOf(entry)[field]));
      const known = this.#indexes.get(row);
      this.#lastIndex = known ?? this.#rows.push(row) - 1;
      if (known === undefined) this.#indexes.set(row, this.#lastIndex);
      this.#last = entry;
    }
    return this.#lastIndex;
  }

  bytes(): Buffer {
    return Buffer.from(`[${this.#rows.join(',')}]`);
  }
}

function headOf(entry: FileEntry): EntryHead {
  const { linkTarget, sha256, pax } = entry;
  return { ...entry, links: linkTarget !== '', hashed: sha256 !== '', keys: pax.map(([key]) => key) };
}

function sameHead(a: FileEntry, b: FileEntry): boolean {
  return (
    a.mode === b.mode &&
    a.type === b.type &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.uname === b.uname &&
    a.gname === b.gname &&
    a.deviceMajor === b.deviceMajor &&
    a.deviceMinor === b.deviceMinor &&
    (a.linkTarget === '') === (b.linkTarget === '') &&
    (a.sha256 === '') === (b.sha256 === '') &&
    a.pax.length === b.pax.length &&
    a.pax.every(([key], index) => key === b.pax[index]?.[0]) &&
    !hasAny(a.xattrs) &&
    !hasAny(b.xattrs)
  );
}

function hasAny(xattrs: FileEntry['xattrs']): boolean {
  for (const _ in xattrs) return true;
  return false;
}

/** Entries in the form of packBlock, each decoded when it is asked for. */
export class FileBlock {
  readonly bytes: Buffer;
  readonly length: number;
  readonly #rows: DataView;
  readonly #rowsAt: number;
  readonly #valuesAt: number;
  readonly #headsAt: number;
  #heads: readonly EntryHead[] | undefined;
  /** All paths, if they are ASCII */
  #text: string | undefined;
  #decoded: FileEntry[] | undefined;

  constructor(block: Uint8Array) {
    const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
    this.bytes = bytes;
    const [paths, rows, values] = [0, 4, 8].map((at) => bytes.readUInt32LE(at)) as [number, number, number];
    this.#rowsAt = PREFIX_BYTES + paths;
    this.#valuesAt = this.#rowsAt + rows;
    this.#headsAt = this.#valuesAt + values;
    this.length = rows / ROW_BYTES;
    this.#rows = new DataView(bytes.buffer, bytes.byteOffset + this.#rowsAt, rows);
  }

  /** Returns the entry at an index; the same object each time. */
  at(index: number): FileEntry {
    this.#decoded ??= [];
    this.#decoded[index] ??= this.decode(index);
    return this.#decoded[index] as FileEntry;
  }

  /** Returns the entry at an index if it was asked for before. */
  seen(index: number): FileEntry | undefined {
    return this.#decoded?.[index];
  }

  /** Frees what makes reading paths quick. */
  forgetText(): void {
    this.#text = undefined;
  }

  path(index: number): string {
    const start = index === 0 ? 0 : this.#end(index - 1, ROW.pathEnd);
    const end = this.#end(index, ROW.pathEnd);
    this.#text ??= this.#asciiPaths();
    if (this.#text !== '') return this.#text.slice(start + 1, end);
    return decodePath(this.bytes.subarray(PREFIX_BYTES + start + 1, PREFIX_BYTES + end));
  }

  head(index: number): EntryHead {
    this.#heads ??= this.#readHeads();
    return this.#heads[this.#end(index, ROW.head)] as EntryHead;
  }

  /** Returns the value of a pax record, a character for each byte; undefined if the entry has none of that key. */
  record(index: number, key: string): string | undefined {
    const { keys, links } = this.head(index);
    const place = keys.indexOf(key);
    if (place < 0) return undefined;
    let at = this.#valuesAt + (index === 0 ? 0 : this.#end(index - 1, ROW.valuesEnd));
    for (let left = links ? place + 1 : place; left > 0; left -= 1) at += 4 + this.bytes.readUInt32LE(at);
    return this.bytes.toString('latin1', at + 4, at + 4 + this.bytes.readUInt32LE(at));
  }

  /** Returns the hash of an entry's content; empty if it has none. */
  sha256(index: number): string {
    if (!this.head(index).hashed) return '';
    const at = this.#rowsAt + index * ROW_BYTES + ROW.sha256;
    return this.bytes.toString('hex', at, at + 32);
  }

  /** Returns a new object for the entry at an index. */
  decode(index: number): FileEntry {
    const head = this.head(index);
    const row = index * ROW_BYTES;
    const values = this.#values(index);
    const number = (at: number) => this.#rows.getFloat64(row + at, true);
    const records = head.links ? values.slice(1) : values;
    return {
      path: copied(this.path(index)),
      type: head.type,
      mode: head.mode,
      uid: head.uid,
      gid: head.gid,
      uname: head.uname,
      gname: head.gname,
      sizeBytes: number(ROW.sizeBytes),
      mtime: number(ROW.mtime),
      linkTarget: head.links ? decodePath(values[0] as Buffer) : '',
      sha256: this.sha256(index),
      offset: number(ROW.offset),
      deviceMajor: head.deviceMajor,
      deviceMinor: head.deviceMinor,
      xattrs: head.xattrs,
      pax: head.keys.map((key, place) => [key, (records[place] as Buffer).toString('base64')] as const),
    };
  }

  #values(index: number): readonly Buffer[] {
    const values: Buffer[] = [];
    const end = this.#valuesAt + this.#end(index, ROW.valuesEnd);
    let at = this.#valuesAt + (index === 0 ? 0 : this.#end(index - 1, ROW.valuesEnd));
    while (at < end) {
      const length = this.bytes.readUInt32LE(at);
      values.push(this.bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return values;
  }

  #end(index: number, field: number): number {
    return this.#rows.getUint32(index * ROW_BYTES + field, true);
  }

  #asciiPaths(): string {
    const paths = this.bytes.subarray(PREFIX_BYTES, this.#rowsAt);
    return isAscii(paths) ? paths.toString('latin1') : '';
  }

  #readHeads(): readonly EntryHead[] {
    const rows = JSON.parse(this.bytes.toString('utf8', this.#headsAt)) as unknown[][];
    return rows.map(
      (row) =>
        Object.fromEntries(HEAD_FIELDS.map((field, index) => [field, row[index]])) as unknown as EntryHead,
    );
  }
}
