import type { ArchiveFacts } from '../../model/archive.ts';
import type { FileEntry } from '../../model/file-entry.ts';
import type { FamilyFiles } from '../images/image-packages.ts';

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

/** The files that verified packages ship, by path and by content. */
export class PackageFiles {
  readonly #marks: FileMarks;
  readonly #byPath = new Map<string, ShippedEntry[]>();
  readonly #byContent = new Map<string, ShippedEntry>();
  readonly #known = new Set<ArchiveFacts>();
  /** Folder below which the packages are laid, with a slash at its end; empty: the root */
  #prefix = '';

  constructor(marks: FileMarks) {
    this.#marks = marks;
  }

  add(facts: ArchiveFacts): void {
    if (this.#known.has(facts)) return;
    this.#known.add(facts);
    const contents = new Map(facts.files.map((file) => [file.path, file.sha256]));
    for (const entry of facts.files) {
      // No signature covers it, and it is not part of an installed package.
      if (this.#marks.isSignature(entry.path)) continue;
      const sha256 = entry.type === 'hardlink' ? (contents.get(entry.linkTarget) ?? '') : entry.sha256;
      const shipped = { package: `${facts.name}-${facts.version}`, entry, sha256 };
      const same = this.#byPath.get(entry.path);
      if (same === undefined) this.#byPath.set(entry.path, [shipped]);
      else same.push(shipped);
      if (entry.type === 'file' && entry.sizeBytes > 0 && !this.#byContent.has(sha256)) {
        this.#byContent.set(sha256, shipped);
      }
    }
  }

  /** Derives the folder from a path at which a package's file was found. */
  learnPrefix(path: string, sha256: string): void {
    const original = this.#byContent.get(sha256)?.entry.path;
    if (this.#prefix !== '' || original === undefined || !path.endsWith(`/${original}`)) return;
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
    const direct = this.#byPath.get(path) ?? [];
    if (this.#prefix === '' || !path.startsWith(this.#prefix)) return direct;
    return [...direct, ...(this.#byPath.get(this.originalPath(path)) ?? [])];
  }

  withContent(sha256: string): ShippedEntry | undefined {
    return this.#byContent.get(sha256);
  }

  /** Tells whether a symlink's target is the one that the package wrote, or the same below the prefix. */
  sameTarget(written: string, found: string): boolean {
    return written === found || (this.#prefix !== '' && found === `/${this.#prefix.slice(0, -1)}${written}`);
  }

  /** Tells whether the path is a directory above the prefix, which no package ships. */
  isAbovePrefix(path: string): boolean {
    return this.#prefix !== '' && this.#prefix.startsWith(`${path}/`);
  }
}
