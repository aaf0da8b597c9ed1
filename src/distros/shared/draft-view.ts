import { PathNames } from '../../model/path-names.ts';
import type { Root, RootEntry } from '../install.ts';
import { undecided } from './shell/undecided.ts';

/** Limit below PATH_MAX of Linux, which no real path approaches: making a path with its parents takes quadratic time. */
const MAX_PATH_BYTES = 1024;
/** NAME_MAX of Linux. */
const MAX_NAME_BYTES = 255;
/** Paths of at most this many characters, of up to four bytes each, exceed no limit. */
const SHORT = 63;

/** An entry of a draft. */
export type DraftEntry = Pick<RootEntry, 'type' | 'mode' | 'uid' | 'gid' | 'sizeBytes' | 'linkTarget'> & {
  /** Returns the content of a file; undefined: not known. */
  readonly content: () => Uint8Array | undefined;
  /** Lower-case hex; only for files that were in the root before the draft */
  readonly sha256?: string;
  /** Whether the file was executable at any time in this draft; absent: its mode decides */
  readonly isProgram?: boolean;
  /** Whether it has other hard links; absent: as in the root */
  readonly hasOtherNames?: boolean;
};

/**
 * A view of a root with changes that are not made yet. Paths are as a process in `/` sees them, with or without a leading slash.
 * Whatever depends on knowledge that the root lacks is Undecided.
 */
export class DraftView {
  readonly #root: Root;
  /** Changed entries by real path; null: removed */
  readonly #changed = new Map<string, DraftEntry | null>();
  /** Entries read from the root, which does not change before `commit` */
  readonly #seen = new Map<string, DraftEntry | undefined>();
  /** Real paths of directories; a draft never removes directories */
  readonly #directories = new Set<string>();

  constructor(root: Root) {
    this.#root = root;
  }

  /** Sets the entry at a real path; null: removed. */
  set(real: string, entry: DraftEntry | null): void {
    this.#changed.set(real, entry);
  }

  /** Returns the entry at a path, without following a symlink in the last component. */
  stat(path: string): DraftEntry | undefined {
    const real = this.real(path, false);
    return real === undefined ? undefined : this.entryAt(real);
  }

  /** Returns the entry that a path leads to, following symlinks. */
  statFollow(path: string): DraftEntry | undefined {
    const real = this.real(path, true);
    return real === undefined ? undefined : this.entryAt(real);
  }

  /**
   * Returns the content of the file that a path leads to; undefined: no such file. @throws Undecided when the content is not
   * known
   */
  read(path: string): Uint8Array | undefined {
    const entry = this.statFollow(path);
    if (entry === undefined) return undefined;
    if (entry.type !== 'file') undecided(`reads ${path}, a ${entry.type}`);
    return entry.content() ?? undecided(`the content of ${path} is not kept`);
  }

  /** Returns the names in the directory that a path leads to, sorted. */
  list(path: string): readonly string[] {
    const real = this.real(path, true);
    if (real === undefined || this.entryAt(real)?.type !== 'directory') return [];
    const names = new Set(this.#root.list(real));
    const prefix = real === '' ? '' : `${real}/`;
    for (const [changed, entry] of this.#changed) {
      if (!changed.startsWith(prefix) || changed.includes('/', prefix.length)) continue;
      const name = changed.slice(prefix.length);
      if (entry === null) names.delete(name);
      else if (name !== '') names.add(name);
    }
    return [...names].sort();
  }

  /**
   * Resolves symlinks. The last component need not exist.
   * @returns the real path, without a leading slash; undefined when its parent does not exist
   */
  real(path: string, follow: boolean): string | undefined {
    if (path === '') return undefined;
    if (path.includes('\0') || path.length > SHORT) checkLengths(path);
    const bare = path.startsWith('/') ? path.slice(1) : path;
    const slash = bare.lastIndexOf('/');
    const name = bare.slice(slash + 1);
    const isPlain = name !== '' && name !== '.' && name !== '..';
    if (isPlain && (slash < 0 || this.#directories.has(bare.slice(0, slash)))) {
      const existing = follow ? this.entryAt(bare) : undefined;
      if (existing?.type === 'directory') this.learn(`${bare}/`);
      if (existing?.type !== 'symlink') return bare;
    }
    const real = this.#walk(path, follow);
    if (real !== undefined) this.learn(real);
    return real;
  }

  #walk(path: string, follow: boolean): string | undefined {
    let real = '';
    let missing = false;
    const names = new PathNames(path);
    const mustBeDirectory = /(?:^|\/)\.?$/.test(path);
    for (let name = names.next(); name !== undefined; name = names.next()) {
      if (missing || this.entryAt(real)?.type !== 'directory') return undefined;
      if (name === '..') {
        real = real.slice(0, Math.max(real.lastIndexOf('/'), 0));
        continue;
      }
      const next = real === '' ? name : `${real}/${name}`;
      const entry = this.entryAt(next);
      if (entry?.type === 'symlink' && (!names.atEnd || follow || mustBeDirectory)) {
        if (!names.follow(entry.linkTarget)) return undefined;
        // POSIX leaves the meaning of two leading slashes to each system; musl's realpath(3) keeps them.
        if (/^\/\/(?!\/)/.test(entry.linkTarget)) undecided(`a link to ${entry.linkTarget}`);
        if (entry.linkTarget.startsWith('/')) real = '';
      } else {
        missing = entry === undefined;
        real = next;
      }
    }
    if (mustBeDirectory && !missing && this.entryAt(real)?.type !== 'directory') return undefined;
    return real;
  }

  /** Notes that the parent of a real path is a directory. */
  learn(real: string): void {
    const slash = real.lastIndexOf('/');
    if (slash > 0 && !isRuntime(real)) this.#directories.add(real.slice(0, slash));
  }

  /** Returns the entry at a real path. @throws Undecided for paths of the running system */
  entryAt(real: string): DraftEntry | undefined {
    if (real === '') return ROOT_DIRECTORY;
    if (isRuntime(real)) undecided(`/${real} is the running system's`);
    const changed = this.#changed.get(real);
    if (changed !== undefined) return changed ?? undefined;
    if (this.#seen.has(real)) return this.#seen.get(real);
    const existing = this.#root.stat(real);
    let known: Uint8Array | undefined;
    const content = () => {
      known ??= existing?.type === 'file' ? this.#root.read(real) : undefined;
      return known;
    };
    const entry = existing === undefined ? undefined : { ...existing, content };
    this.#seen.set(real, entry);
    return entry;
  }
}

const ROOT_DIRECTORY: DraftEntry = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  linkTarget: '',
  content: () => undefined,
};

function checkLengths(path: string): void {
  const tooLong =
    Buffer.byteLength(path) > MAX_PATH_BYTES ||
    path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES);
  if (tooLong || path.includes('\0')) undecided('a path too long');
}

/** Returns whether a running system mounts something at the path, so that the image's entry is hidden. */
export function isRuntime(real: string): boolean {
  return /^(?:proc|sys|dev)\//.test(real);
}
