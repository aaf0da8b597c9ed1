import { AppError } from '../model/app-error.ts';
import { PathNames } from '../model/path-names.ts';

/** Limit for the path segments that are looked up to follow all links: seconds of work, and more than any real tree needs. */
const MAX_LINK_STEPS = 20_000_000;

/** A folder, file or symlink of a tree. */
export interface TreeNode {
  readonly type: 'directory' | 'file' | 'symlink';
  /** Target of a symlink; else empty */
  readonly linkTarget: string;
}

/**
 * Finds links that lead out of a tree. `..` is followed only from folders of the tree itself: a folder that the tree is laid over
 * (another folder of the artifact, or one in the target) may be a link, from which `..` leads anywhere.
 */
export class LinkJudge {
  readonly #nodes: ReadonlyMap<string, TreeNode>;
  readonly #where: string;
  #stepsLeft = MAX_LINK_STEPS;

  /** @param nodes by path below the folder, which is `''` */
  constructor(nodes: ReadonlyMap<string, TreeNode>, where: string) {
    this.#nodes = nodes;
    this.#where = where;
  }

  /** Returns the path of the first link that leads out. @throws AppError LIMIT */
  find(): string | undefined {
    for (const [path, { type }] of this.#nodes) {
      if (type === 'symlink' && this.#leadsOut(path)) return path;
    }
    return undefined;
  }

  /** Whether following the link, through further links of the tree too, ever leaves the folder. */
  #leadsOut(path: string): boolean {
    const place = path.split('/').slice(0, -1);
    const target = this.#nodes.get(path)?.linkTarget ?? '';
    if (target.startsWith('/')) return true;
    const names = new PathNames(target);
    this.#charge(names.steps);
    for (let name = names.next(); name !== undefined; name = names.next()) {
      this.#charge(place.length);
      if (name === '..') {
        const isFolder = place.length > 0 && this.#nodes.get(place.join('/'))?.type === 'directory';
        if (!isFolder) return true;
        place.pop();
        continue;
      }
      place.push(name);
      const node = this.#nodes.get(place.join('/'));
      if (node?.type !== 'symlink') continue;
      if (node.linkTarget.startsWith('/')) return true;
      const before = names.steps;
      // The system does not follow so many either.
      if (!names.follow(node.linkTarget)) return false;
      this.#charge(names.steps - before);
      place.pop();
    }
    return false;
  }

  #charge(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw new AppError('LIMIT', `${this.#where}: too many links to follow`);
  }
}
