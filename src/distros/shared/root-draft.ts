import type { DirectoryOwnership, NewEntry, Root } from '../install.ts';
import { type DraftEntry, DraftView, isRuntime } from './draft-view.ts';
import { undecided } from './shell/undecided.ts';

/**
 * A draft of changes to a root, which the root shows only after `commit`. Paths are as in DraftView. Whatever depends on
 * knowledge that the root lacks, or would end differently on a real system, is Undecided.
 */
export class RootDraft {
  readonly #root: Root;
  readonly #view: DraftView;
  readonly #effects: (() => void)[] = [];
  /** Consecutive changes of one path become a single effect, because a root may have to search all paths for hard links. */
  #lastChange: { real: string; attributes: Partial<DirectoryOwnership>; effectCount: number } | undefined;

  constructor(root: Root) {
    this.#root = root;
    this.#view = new DraftView(root);
  }

  /** Makes the changes in the root. */
  commit(): void {
    for (const effect of this.#effects) effect();
  }

  /** Does the same as in DraftView. */
  stat(path: string): DraftEntry | undefined {
    return this.#view.stat(path);
  }

  /** Does the same as in DraftView. */
  statFollow(path: string): DraftEntry | undefined {
    return this.#view.statFollow(path);
  }

  /** Does the same as in DraftView. */
  read(path: string): Uint8Array | undefined {
    return this.#view.read(path);
  }

  /** Does the same as in DraftView. */
  list(path: string): readonly string[] {
    return this.#view.list(path);
  }

  /** Does the same as in DraftView. */
  real(path: string, follow: boolean): string | undefined {
    return this.#view.real(path, follow);
  }

  /** Puts an entry in place of what was there, which must not be a directory; the parent must exist. */
  put(path: string, entry: NewEntry): void {
    const real = this.#place(path);
    const existing = this.#view.entryAt(real);
    if (existing?.type === 'directory') undecided(`${path} is a directory`);
    if (entry.type === 'directory') this.#view.learn(`${real}/`);
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
   * Makes a symlink at each path where nothing is, unless its folder does not exist.
   * @returns whether all were made
   */
  linkMissing(paths: readonly string[], linkTarget: string): boolean {
    /** Folder as written → its real path with a slash; undefined: does not exist */
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
        const existing = this.#view.real(path, false) !== undefined;
        folders.set(folder, existing ? this.#place(path).slice(0, slash - path.length) : undefined);
      }
      const real = folders.get(folder);
      const place = `${real}${path.slice(slash)}`;
      if (real === undefined || this.#view.entryAt(place) !== undefined) continue;
      this.#view.set(place, entry);
      made.push(place);
    }
    this.#effects.push(() => {
      for (const place of made) this.#root.put(place, { type: 'symlink', linkTarget });
    });
    return made.length === paths.length;
  }

  /** Gives a file another name, in place of an existing file or symlink. */
  link(existing: string, path: string): void {
    const from = this.#view.real(existing, false) ?? undecided(`no ${existing}`);
    const entry = this.#view.entryAt(from);
    if (entry === undefined || entry.type === 'directory') undecided(`no file ${existing}`);
    const real = this.#place(path);
    if (this.#view.entryAt(real)?.type === 'directory') undecided(`${path} is a directory`);
    const shared = { ...entry, hasOtherNames: true };
    this.#view.set(from, shared);
    this.#record(real, shared, () => this.#root.link(from, real));
  }

  /**
   * Checks that writing to a file only changes its content: Linux refuses it for a running program, but not for its libraries,
   * and other names of the file would change too.
   * @throws Undecided when that is not certain
   */
  checkWritable(path: string): void {
    const real = this.#view.real(path, true);
    const entry = real === undefined ? undefined : this.#view.entryAt(real);
    if (real === undefined || entry === undefined) return;
    if (entry.type !== 'file') undecided(`writes to a ${entry.type}`);
    if ((entry.mode & 0o6000) !== 0) undecided('writes to a setuid file');
    if (isProgram(entry) || /\.so(?:\.|$)/.test(real)) undecided(`writes to the program ${path}`);
    if (entry.hasOtherNames ?? this.#root.hasOtherNames(real))
      undecided(`writes to ${path}, which has other names`);
  }

  /** Changes owner or mode of the directory or file that a path leads to. */
  change(path: string, attributes: Partial<DirectoryOwnership>): void {
    const real = this.#view.real(path, true);
    const entry = real === undefined ? undefined : this.#view.entryAt(real);
    if (real === undefined || entry === undefined) undecided(`no ${path}`);
    if (entry.type !== 'directory' && entry.type !== 'file') undecided(`${path} is a ${entry.type}`);
    if (real === '') undecided('changes /');
    this.#view.set(real, { ...entry, ...attributes, isProgram: isProgram(entry) });
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
    const real = this.#view.real(path, true);
    const entry = real === undefined ? undefined : this.#view.entryAt(real);
    if (real === undefined || real === '' || entry?.type !== 'directory') undecided(`touches ${path}`);
    const { mode, uid, gid } = entry;
    this.#effects.push(() => this.#root.put(real, { type: 'directory', mode, uid, gid }));
  }

  /** Removes a file or symlink. */
  remove(path: string): void {
    const real = this.#place(path);
    const entry = this.#view.entryAt(real);
    if (entry === undefined || entry.type === 'directory') undecided(`removes ${path}`);
    this.#view.set(real, null);
    this.#effects.push(() => this.#root.remove(real));
  }

  #record(real: string, entry: DraftEntry, effect: () => void): void {
    this.#view.set(real, entry);
    this.#effects.push(effect);
  }

  /**
   * Returns the real path of a new entry. @throws Undecided for a setgid parent, which would hand down its group, among others
   */
  #place(path: string): string {
    const real = this.#view.real(path, false);
    if (real === undefined || real === '' || path.endsWith('/')) undecided(`makes ${path}`);
    if (isRuntime(real)) undecided(`${path} is the running system's`);
    const parent = this.#view.entryAt(real.slice(0, Math.max(real.lastIndexOf('/'), 0)));
    if (parent !== undefined && (parent.mode & 0o2000) !== 0) undecided(`the parent of ${path} is setgid`);
    return real;
  }
}

function isProgram({ type, mode, isProgram }: DraftEntry): boolean {
  return type === 'file' && (isProgram || (mode & 0o111) !== 0);
}
