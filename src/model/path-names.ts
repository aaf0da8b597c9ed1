import { append } from './lists.ts';

/** Number of symlinks that Linux follows in one path before it fails with ELOOP (path_resolution(7)). */
export const MAX_SYMLINKS = 40;

/**
 * The names of a path that are still to be resolved, including those of symlinks on the way. The caller keeps track of the
 * folder, decides which symlinks to follow, and what `..` and a missing name mean there.
 */
export class PathNames {
  /** In reverse order */
  readonly #names: string[] = [];
  #links = 0;
  #steps = 0;

  constructor(path: string) {
    this.#add(path);
  }

  /** Takes the next name, which may be `..` but is neither `.` nor empty; undefined at the end of the path. */
  next(): string | undefined {
    return this.#names.pop();
  }

  /** True if no name is left: the one taken last is the path's last. */
  get atEnd(): boolean {
    return this.#names.length === 0;
  }

  /** Number of path segments split so far, `.` and empty ones included: the cost of the walk. */
  get steps(): number {
    return this.#steps;
  }

  /** Continues with a symlink's target before the names that are left; returns false after too many symlinks. */
  follow(target: string): boolean {
    this.#links += 1;
    if (this.#links > MAX_SYMLINKS) return false;
    this.#add(target);
    return true;
  }

  #add(path: string): void {
    const parts = path.split('/').reverse();
    this.#steps += parts.length;
    append(
      this.#names,
      parts.filter((part) => part !== '' && part !== '.'),
    );
  }
}
