import { PathNames } from '../../model/path-names.ts';
import type { DirectoryOwnership, NewEntry, Root, RootEntry } from '../install.ts';
import { undecided } from './shell/undecided.ts';

/** No real one comes near; below PATH_MAX of Linux. Making one with its parents costs the square. */
const MAX_PATH_BYTES = 1024;
/** NAME_MAX of Linux. */
const MAX_NAME_BYTES = 255;
/** Any shorter path is short enough: a character takes up to four bytes. */
const SHORT = 63;

export type DraftEntry = Pick<RootEntry, 'type' | 'mode' | 'uid' | 'gid' | 'sizeBytes' | 'linkTarget'> & {
  /** Undefined: not known; of files alone */
  readonly content: () => Uint8Array | undefined;
  /** Lower-case hex; of files that were in the root before the draft alone */
  readonly sha256?: string;
  /** A mode that it had before this draft let it be run; by default its own mode says so. */
  readonly isProgram?: boolean;
  /** By default the root says so. */
  readonly hasOtherNames?: boolean;
};

/**
 * A root on trial: what is changed here shows here alone until `commit`. Paths are as a process in `/` sees them,
 * with or without a leading slash. Everything that would need knowledge the root lacks is Undecided.
 */
export class RootDraft {
  readonly #root: Root;
  /** By real path; null: removed */
  readonly #changed = new Map<string, DraftEntry | null>();
  /** What the root said, which it goes on saying until the commit */
  readonly #seen = new Map<string, DraftEntry | undefined>();
  /** Without symlinks on the way; none is ever removed here */
  readonly #directories = new Set<string>();
  readonly #effects: (() => void)[] = [];
  /** Of one path in a row are one effect: a root may search all its paths for hard links. */
  #lastChange: { real: string; attributes: Partial<DirectoryOwnership>; effectCount: number } | undefined;

  constructor(root: Root) {
    this.#root = root;
  }

  commit(): void {
    for (const effect of this.#effects) effect();
  }

  /** The last component's symlink is not followed. */
  stat(path: string): DraftEntry | undefined {
    const real = this.real(path, false);
    return real === undefined ? undefined : this.#entryAt(real);
  }

  statFollow(path: string): DraftEntry | undefined {
    const real = this.real(path, true);
    return real === undefined ? undefined : this.#entryAt(real);
  }

  /** Follows symlinks. Undefined: no such file. */
  read(path: string): Uint8Array | undefined {
    const entry = this.statFollow(path);
    if (entry === undefined) return undefined;
    if (entry.type !== 'file') undecided(`reads ${path}, a ${entry.type}`);
    return entry.content() ?? undecided(`the content of ${path} is not kept`);
  }

  /** Of a directory; sorted. */
  list(path: string): readonly string[] {
    const real = this.real(path, true);
    if (real === undefined || this.#entryAt(real)?.type !== 'directory') return [];
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

  /** The path without symlinks, no leading slash; its last component need not be there. Undefined: its parent is not. */
  real(path: string, follow: boolean): string | undefined {
    if (path === '') return undefined;
    if (path.includes('\0') || path.length > SHORT) checkLengths(path);
    const bare = path.startsWith('/') ? path.slice(1) : path;
    const slash = bare.lastIndexOf('/');
    const name = bare.slice(slash + 1);
    const isPlain = name !== '' && name !== '.' && name !== '..';
    if (isPlain && (slash < 0 || this.#directories.has(bare.slice(0, slash)))) {
      const existing = follow ? this.#entryAt(bare) : undefined;
      if (existing?.type === 'directory') this.#learn(`${bare}/`);
      if (existing?.type !== 'symlink') return bare;
    }
    const real = this.#walk(path, follow);
    if (real !== undefined) this.#learn(real);
    return real;
  }

  #walk(path: string, follow: boolean): string | undefined {
    let real = '';
    let missing = false;
    const names = new PathNames(path);
    const mustBeDirectory = /(?:^|\/)\.?$/.test(path);
    for (let name = names.next(); name !== undefined; name = names.next()) {
      if (missing || this.#entryAt(real)?.type !== 'directory') return undefined;
      if (name === '..') {
        real = real.slice(0, Math.max(real.lastIndexOf('/'), 0));
        continue;
      }
      const next = real === '' ? name : `${real}/${name}`;
      const entry = this.#entryAt(next);
      if (entry?.type === 'symlink' && (!names.atEnd || follow || mustBeDirectory)) {
        if (!names.follow(entry.linkTarget)) return undefined;
        // POSIX leaves to each system what two slashes in front mean; realpath(3) of musl keeps them.
        if (/^\/\/(?!\/)/.test(entry.linkTarget)) undecided(`a link to ${entry.linkTarget}`);
        if (entry.linkTarget.startsWith('/')) real = '';
      } else {
        missing = entry === undefined;
        real = next;
      }
    }
    if (mustBeDirectory && !missing && this.#entryAt(real)?.type !== 'directory') return undefined;
    return real;
  }

  /** In place of what was there, which must not be a directory; the parent must be there. */
  put(path: string, entry: NewEntry): void {
    const real = this.#place(path);
    const existing = this.#entryAt(real);
    if (existing?.type === 'directory') undecided(`${path} is a directory`);
    if (entry.type === 'directory') this.#learn(`${real}/`);
    const content = entry.type === 'file' ? entry.content : new Uint8Array();
    this.#record(
      real,
      {
        type: entry.type,
        mode: entry.type === 'symlink' ? 0o777 : entry.mode,
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        sizeBytes: content.length,
        linkTarget: entry.type === 'symlink' ? entry.linkTarget : '',
        content: () => content,
        hasOtherNames: false,
      },
      () => this.#root.put(real, entry),
    );
  }

  /**
   * A symlink at each path where nothing is, but where the folder is not there.
   * @returns whether all were made
   */
  linkMissing(paths: readonly string[], linkTarget: string): boolean {
    /** By folder as written: its real path with a slash; undefined: not there */
    const folders = new Map<string, string | undefined>();
    const made: string[] = [];
    const entry: DraftEntry = {
      type: 'symlink',
      mode: 0o777,
      uid: 0,
      gid: 0,
      sizeBytes: 0,
      linkTarget,
      content: () => undefined,
    };
    for (const path of paths) {
      const slash = path.lastIndexOf('/') + 1;
      const folder = path.slice(0, slash);
      if (!folders.has(folder)) {
        const existing = this.real(path, false) !== undefined;
        folders.set(folder, existing ? this.#place(path).slice(0, slash - path.length) : undefined);
      }
      const real = folders.get(folder);
      const place = `${real}${path.slice(slash)}`;
      if (real === undefined || this.#entryAt(place) !== undefined) continue;
      this.#changed.set(place, entry);
      made.push(place);
    }
    this.#effects.push(() => {
      for (const place of made) this.#root.put(place, { type: 'symlink', linkTarget });
    });
    return made.length === paths.length;
  }

  /** Another name for a file, in place of what was there. */
  link(existing: string, path: string): void {
    const from = this.real(existing, false) ?? undecided(`no ${existing}`);
    const entry = this.#entryAt(from);
    if (entry === undefined || entry.type === 'directory') undecided(`no file ${existing}`);
    const real = this.#place(path);
    if (this.#entryAt(real)?.type === 'directory') undecided(`${path} is a directory`);
    const shared = { ...entry, hasOtherNames: true };
    this.#changed.set(from, shared);
    this.#record(real, shared, () => this.#root.link(from, real));
  }

  /**
   * Where writing to a file does more or less than giving it a content: Linux refuses it of what is running, and does not say so of
   * its libraries; the other names of a file change too. Undecided there.
   */
  checkWritable(path: string): void {
    const real = this.real(path, true);
    const entry = real === undefined ? undefined : this.#entryAt(real);
    if (real === undefined || entry === undefined) return;
    if (entry.type !== 'file') undecided(`writes to a ${entry.type}`);
    if ((entry.mode & 0o6000) !== 0) undecided('writes to a setuid file');
    if (isProgram(entry) || /\.so(?:\.|$)/.test(real)) undecided(`writes to the program ${path}`);
    if (entry.hasOtherNames ?? this.#root.hasOtherNames(real))
      undecided(`writes to ${path}, which has other names`);
  }

  /** Follows symlinks; what is there must be a directory or a file. */
  change(path: string, attributes: Partial<DirectoryOwnership>): void {
    const real = this.real(path, true);
    const entry = real === undefined ? undefined : this.#entryAt(real);
    if (real === undefined || entry === undefined) undecided(`no ${path}`);
    if (entry.type !== 'directory' && entry.type !== 'file') undecided(`${path} is a ${entry.type}`);
    if (real === '') undecided('changes /');
    this.#changed.set(real, { ...entry, ...attributes, isProgram: isProgram(entry) });
    if (this.#lastChange?.real === real && this.#lastChange.effectCount === this.#effects.length) {
      Object.assign(this.#lastChange.attributes, attributes);
      return;
    }
    const all = { ...attributes };
    this.#effects.push(() => this.#root.change(real, all));
    this.#lastChange = { real, attributes: all, effectCount: this.#effects.length };
  }

  /** Sets a directory's mtime to the installation's time. */
  touchDirectory(path: string): void {
    const real = this.real(path, true);
    const entry = real === undefined ? undefined : this.#entryAt(real);
    if (real === undefined || real === '' || entry?.type !== 'directory') undecided(`touches ${path}`);
    const { mode, uid, gid } = entry;
    this.#effects.push(() => this.#root.put(real, { type: 'directory', mode, uid, gid }));
  }

  /** A file or symlink. */
  remove(path: string): void {
    const real = this.#place(path);
    const entry = this.#entryAt(real);
    if (entry === undefined || entry.type === 'directory') undecided(`removes ${path}`);
    this.#changed.set(real, null);
    this.#effects.push(() => this.#root.remove(real));
  }

  /** Of a path without symlinks: its parent is a directory. */
  #learn(real: string): void {
    const slash = real.lastIndexOf('/');
    if (slash > 0 && !isRuntime(real)) this.#directories.add(real.slice(0, slash));
  }

  #record(real: string, entry: DraftEntry, effect: () => void): void {
    this.#changed.set(real, entry);
    this.#effects.push(effect);
  }

  /** Where a new entry goes. A setgid parent would hand down its group. */
  #place(path: string): string {
    const real = this.real(path, false);
    if (real === undefined || real === '' || path.endsWith('/')) undecided(`makes ${path}`);
    if (isRuntime(real)) undecided(`${path} is the running system's`);
    const parent = this.#entryAt(real.slice(0, Math.max(real.lastIndexOf('/'), 0)));
    if (parent !== undefined && (parent.mode & 0o2000) !== 0) undecided(`the parent of ${path} is setgid`);
    return real;
  }

  #entryAt(real: string): DraftEntry | undefined {
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

function isProgram({ type, mode, isProgram }: DraftEntry): boolean {
  return type === 'file' && (isProgram || (mode & 0o111) !== 0);
}

function checkLengths(path: string): void {
  const tooLong =
    Buffer.byteLength(path) > MAX_PATH_BYTES ||
    path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES);
  if (tooLong || path.includes('\0')) undecided('a path too long');
}

/** What a running system mounts there is not the image's. */
function isRuntime(real: string): boolean {
  return /^(?:proc|sys|dev)\//.test(real);
}
