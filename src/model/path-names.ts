import { append } from './lists.ts';

/** Symlinks that Linux follows in one path before it says ELOOP (path_resolution(7)). */
export const MAX_SYMLINKS = 40;

/**
 * The names of a path that are still to be walked, those of symlinks on the way included. Whoever walks keeps the place and
 * decides which symlinks to follow, and what `..` and a missing name mean there.
 */
export class PathNames {
  /** Last first */
  readonly #names: string[] = [];
  #links = 0;
  #steps = 0;

  constructor(path: string) {
    this.#add(path);
  }

  /** Takes the next name, which may be `..` but neither `.` nor empty; undefined at the end of the path. */
  next(): string | undefined {
    return this.#names.pop();
  }

  /** True when no name is left: the one that was taken is the path's last. */
  get atEnd(): boolean {
    return this.#names.length === 0;
  }

  /** Parts of paths split so far, `.` and empty ones included: what the walk has cost. */
  get steps(): number {
    return this.#steps;
  }

  /** Goes on with a symlink's target before the names that are left; false where that is one link too many: a loop. */
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
