import type { TarEntry } from '../../archive/tar-entry.ts';
import { MAX_ENTRIES } from '../../archive/tar-reader.ts';
import { AppError } from '../../model/app-error.ts';
import type { FileEntries, FileEntriesPacker } from '../../model/file-entries.ts';
import { copied } from '../../model/path-bytes.ts';
import { OVER_ITS_OWN } from './layer-problems.ts';

/**
 * Limit for paths, link targets, pax records and implied folders of an archive, which are held in memory; those of 200,000
 * entries, more than any package has, take 40 MiB.
 */
const MAX_TEXT_BYTES = 128 * 1024 * 1024;
/** Prefix of whiteouts (OCI image-spec, "Whiteouts") */
const WHITEOUT_PREFIX = '.wh.';
/** Xattrs of overlayfs itself: a file or folder with one hides entries of lower layers. */
const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;

/**
 * Checks an archive's entries in order: refuses those that no layer can have, and finds reasons why the archive cannot be a layer
 * unchanged.
 */
export class EntryChecks {
  readonly #where: string;
  readonly #folders = new Set<string>(['']);
  readonly #files: FileEntriesPacker;
  /** Paths that are no directories; only from the first hard link on, since most archives have none */
  #others: Set<string> | undefined;
  #textBytes = 0;

  /** @param files the entries that were checked, each added before the next is checked */
  constructor(where: string, files: FileEntriesPacker) {
    this.#where = where;
    this.#files = files;
  }

  /** Returns ArchiveFacts.layerProblem. @param files all entries */
  layerProblem(files: FileEntries): string | undefined {
    for (let index = 0; index < files.length; index += 1)
      if (this.#folders.has(files.path(index)) && files.head(index).type !== 'directory') return OVER_ITS_OWN;
    return undefined;
  }

  /** Checks an entry. @throws AppError BAD_ARCHIVE; UNSUPPORTED for names and xattrs with a special meaning in layers; LIMIT */
  entry(entry: TarEntry): void {
    const { path, type, linkTarget } = entry;
    this.#charge(path.length + linkTarget.length);
    for (const [key, value] of entry.pax) this.#charge(key.length + value.length);
    if (path.includes(WHITEOUT_PREFIX)) this.#refuseWhiteout(path);
    for (const name in entry.xattrs) if (OVERLAY_XATTR.test(name)) this.#refuseOverlay(path, name);
    this.#parents(path);
    if (type === 'directory') {
      this.#folders.add(path);
      return;
    }
    if (type === 'hardlink') {
      this.#others ??= this.#othersSoFar();
      if (!this.#others.has(linkTarget)) this.#refuseLink(path, linkTarget);
    }
    this.#others?.add(path);
  }

  #othersSoFar(): Set<string> {
    const paths = new Set<string>();
    for (const { path, type } of this.#files.added()) if (type !== 'directory') paths.add(path);
    return paths;
  }

  #parents(path: string): void {
    let slash = path.lastIndexOf('/');
    for (; slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      if (this.#folders.has(parent)) return;
      this.#charge(parent.length);
      this.#folders.add(copied(parent));
      if (this.#folders.size <= MAX_ENTRIES) continue;
      throw new AppError('LIMIT', `${this.#where}: expected at most ${MAX_ENTRIES} folders, got more`);
    }
  }

  #charge(bytes: number): void {
    this.#textBytes += bytes;
    if (this.#textBytes <= MAX_TEXT_BYTES) return;
    const text = `${this.#where}: expected at most ${MAX_TEXT_BYTES} bytes of paths, link targets and pax records, got more`;
    throw new AppError('LIMIT', text);
  }

  #refuseLink(path: string, target: string): void {
    const text = `hard link ${quoted(path)} points at ${quoted(target)}, which is not an earlier file`;
    throw new AppError('BAD_ARCHIVE', `${this.#where}: ${text}`, { details: { path } });
  }

  #refuseWhiteout(path: string): void {
    if (!path.split('/').some((name) => name.startsWith(WHITEOUT_PREFIX))) return;
    throw new AppError(
      'UNSUPPORTED',
      `${this.#where}: path ${quoted(path)}: a name starting with ${WHITEOUT_PREFIX} cannot be in an image, where it would remove a file`,
      { hint: 'Rename the file: no container image can contain such a name.', details: { path } },
    );
  }

  #refuseOverlay(path: string, name: string): void {
    throw new AppError(
      'UNSUPPORTED',
      `${this.#where}: path ${quoted(path)}: the xattr ${name} is overlayfs's own and would hide files of other layers`,
      { details: { path, xattr: name } },
    );
  }
}

function quoted(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
