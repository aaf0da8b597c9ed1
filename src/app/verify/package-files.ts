import { randomInt } from 'node:crypto';
import type { ArchiveFacts } from '../../model/archive.ts';
import { EMPTY_SHA256 } from '../../model/digest.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type { FamilyFiles } from '../images/image-packages.ts';
import { EntryTable } from './entry-table.ts';

/** A package's entry. */
export interface ShippedEntry {
  /** `name-version` */
  readonly package: string;
  readonly entry: FileEntry;
  /** Hash of a file's content, through hard links; empty for everything else */
  readonly sha256: string;
}

/** Meaning of a path to a package family. */
export type FileMarks = Pick<FamilyFiles, 'isSignature' | 'isState'>;

/** A package, and where its entries start among those of all. */
interface Shipper {
  readonly facts: ArchiveFacts;
  readonly start: number;
}

/** The files that verified packages ship, by path and by content. Entries are read from the packages' lists when they are asked for. */
export class PackageFiles {
  readonly #marks: FileMarks;
  readonly #shippers: readonly Shipper[];
  readonly #byPath: EntryTable;
  /** Of files with the same content, the first; none that are empty */
  readonly #byContent: EntryTable;
  /** So that nobody can make paths with equal hashes */
  readonly #seed = randomInt(2 ** 32);
  /** By entry: 1 if something is at its path */
  readonly #isPresent: Uint8Array;
  /** Folder below which the packages are laid, with a slash at its end; empty: the root */
  #prefix = '';

  /** @param packages each once */
  constructor(packages: Iterable<ArchiveFacts>, marks: FileMarks) {
    this.#marks = marks;
    let size = 0;
    this.#shippers = [...packages].map((facts) => {
      const start = size;
      size += facts.files.length;
      return { facts, start };
    });
    this.#byPath = new EntryTable(size);
    this.#byContent = new EntryTable(size);
    this.#isPresent = new Uint8Array(size);
    this.#fill();
  }

  #fill(): void {
    for (const { facts, start } of this.#shippers) {
      const { files } = facts;
      for (let index = 0; index < files.length; index += 1) {
        if (files.head(index).type !== 'file' || this.#marks.isSignature(files.path(index))) continue;
        const sha256 = files.sha256(index);
        if (sha256 !== EMPTY_SHA256 && this.#placeOf(sha256) === undefined)
          this.#byContent.add(hashOf(sha256), start + index);
      }
    }
    // Backwards, because the table returns the last one first.
    for (const { facts, start } of [...this.#shippers].reverse())
      for (let index = facts.files.length - 1; index >= 0; index -= 1)
        this.#byPath.add(this.#hash(facts.files.path(index)), start + index);
  }

  /** Derives the folder from a path at which a package's file was found. */
  learnPrefix(path: string, sha256: string): void {
    if (this.#prefix !== '') return;
    const place = this.#placeOf(sha256);
    if (place === undefined) return;
    const { facts, start } = this.#shipperOf(place);
    const original = facts.files.path(place - start);
    if (!path.endsWith(`/${original}`)) return;
    this.#prefix = path.slice(0, path.length - original.length);
  }

  /** Returns the package's own path: `usr/bin/x` for `/opt/tools/usr/bin/x`. */
  originalPath(path: string): string {
    return path.startsWith(this.#prefix) ? path.slice(this.#prefix.length) : path;
  }

  /** Tells whether the path is the package manager's own state, wherever the packages are installed. */
  isDatabase(path: string): boolean {
    return this.#marks.isState(this.originalPath(path));
  }

  /** Returns every package's entry of that path, wherever the packages are installed. */
  at(path: string): readonly ShippedEntry[] {
    const direct = this.#shipped(path);
    if (this.#prefix === '' || !path.startsWith(this.#prefix)) return direct;
    return [...direct, ...this.#shipped(this.originalPath(path))];
  }

  /** Returns the first file with that content, unless it is empty. */
  withContent(sha256: string): ShippedEntry | undefined {
    const place = this.#placeOf(sha256);
    return place === undefined ? undefined : this.#entryAt(place);
  }

  /** Tells whether a symlink's target is the one that the package wrote, or the same below the prefix. */
  sameTarget(written: string, found: string): boolean {
    return written === found || (this.#prefix !== '' && found === `/${this.#prefix.slice(0, -1)}${written}`);
  }

  /** Notes that the image has something at a path. */
  notePresent(path: string): void {
    for (const place of this.#placesAt(this.originalPath(path))) this.#isPresent[place] = 1;
  }

  /** Yields the entries of a package for whose paths nothing was noted. */
  *absent(facts: ArchiveFacts): Generator<FileEntry, undefined> {
    const start = this.#shippers.find((shipper) => shipper.facts === facts)?.start ?? 0;
    for (let index = 0; index < facts.files.length; index += 1)
      if (this.#isPresent[start + index] === 0) yield facts.files.once(index);
  }

  #shipped(path: string): readonly ShippedEntry[] {
    // No signature covers it, and it is not part of an installed package.
    if (this.#marks.isSignature(path)) return [];
    return Array.from(this.#placesAt(path), (place) => this.#entryAt(place));
  }

  *#placesAt(path: string): Generator<number, undefined> {
    for (const place of this.#byPath.places(this.#hash(path))) {
      const { facts, start } = this.#shipperOf(place);
      if (facts.files.path(place - start) === path) yield place;
    }
  }

  #placeOf(sha256: string): number | undefined {
    if (sha256 === '') return undefined;
    for (const place of this.#byContent.places(hashOf(sha256))) {
      const { facts, start } = this.#shipperOf(place);
      if (facts.files.sha256(place - start) === sha256) return place;
    }
    return undefined;
  }

  #entryAt(place: number): ShippedEntry {
    const { facts, start } = this.#shipperOf(place);
    const entry = facts.files.once(place - start);
    const sha256 =
      entry.type === 'hardlink' ? this.#linkedContent({ facts, start }, entry.linkTarget) : entry.sha256;
    return { package: `${facts.name}-${facts.version}`, entry, sha256 };
  }

  /** Returns the content of the last entry that the package has at a path. */
  #linkedContent({ facts, start }: Shipper, path: string): string {
    const own = [...this.#placesAt(path)].filter((place) => this.#shipperOf(place).facts === facts);
    const last = own.at(-1);
    return last === undefined ? '' : facts.files.sha256(last - start);
  }

  #shipperOf(place: number): Shipper {
    let [low, high] = [0, this.#shippers.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#shippers[middle] as Shipper).start <= place) low = middle;
      else high = middle;
    }
    return this.#shippers[low] as Shipper;
  }

  #hash(path: string): number {
    let hash = this.#seed;
    for (let at = 0; at < path.length; at += 1) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
    return hash ^ (hash >>> 15);
  }
}

/** SHA-256 is spread evenly. */
function hashOf(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 8), 16);
}
