import { AppError } from '../model/app-error.ts';
import { append } from '../model/lists.ts';

/** Linux's own limit on links followed in one path. */
const MAX_LINKS = 40;
/** Parts of paths that are looked at to find out where all links lead: seconds of work, and more than any real tree asks for. */
const MAX_LINK_STEPS = 20_000_000;

/** What stands at a path of a tree. */
export interface TreeNode {
  readonly type: 'directory' | 'file' | 'symlink';
  /** Of a symlink */
  readonly linkTarget: string;
}

/**
 * Finds links that lead out of a tree. `..` is taken only from folders of the tree itself: what stands beside them when it is
 * laid over something else (another folder of the artifact, what the target has) may be a link, and `..` then leads anywhere.
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

  /** The first link that leads out. @throws AppError LIMIT */
  find(): string | undefined {
    for (const [path, { type }] of this.#nodes) {
      if (type === 'symlink' && this.#leadsOut(path)) return path;
    }
    return undefined;
  }

  /** Whether following it, through further links of the tree too, ever leaves the folder. */
  #leadsOut(path: string): boolean {
    const at = path.split('/').slice(0, -1);
    let target = this.#nodes.get(path)?.linkTarget ?? '';
    /** Last first */
    const parts: string[] = [];
    for (let links = 1; links <= MAX_LINKS; links++) {
      if (target.startsWith('/')) return true;
      append(parts, target.split('/').reverse());
      let link: TreeNode | undefined;
      while (parts.length > 0 && link === undefined) {
        const part = parts.pop() ?? '';
        this.#stepsLeft -= 1 + at.length;
        if (this.#stepsLeft < 0) {
          throw new AppError('LIMIT', `${this.#where}: too many links to follow`);
        }
        if (part === '' || part === '.') continue;
        if (part === '..') {
          const isFolder = at.length > 0 && this.#nodes.get(at.join('/'))?.type === 'directory';
          if (!isFolder) return true;
          at.pop();
          continue;
        }
        at.push(part);
        const node = this.#nodes.get(at.join('/'));
        if (node?.type === 'symlink') link = node;
      }
      if (link === undefined) return false;
      at.pop();
      target = link.linkTarget;
    }
    // The system does not follow so many either.
    return false;
  }
}
