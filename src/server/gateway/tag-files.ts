import { mapConcurrent } from '../../fetch/pool.ts';
import { isAppError } from '../../model/app-error.ts';
import { isTagName, type Tag } from '../../model/reference.ts';
import type { ArtifactRepository } from './artifact-repository.ts';
import type { FileTree, TreeFile } from './file-tree.ts';
import type { Generations } from './generations.ts';

/** Of more tags, only those are found that are called like their file. */
const MAX_TAGS = 2_000;
const PARALLEL = 8;
/** Time between two looks at all tags of a repository */
const SCAN_MS = 60_000;
const MAX_REPOSITORIES = 100;

interface Scan {
  readonly files: ReadonlyMap<string, TreeFile>;
  readonly notes: readonly string[];
}

/** Files of repositories in which each file has a tag of its own, as ORAS users push them. */
export class TagFiles {
  readonly #generations: Generations;
  readonly #scans = new Map<string, { readonly scan: Promise<Scan>; readonly startedAtMs: number }>();

  constructor(generations: Generations) {
    this.#generations = generations;
  }

  /**
   * Finds a file by its path: the tag that is called like it, else any tag whose only file has that title or, without folders, that
   * name.
   */
  async find(repository: ArtifactRepository, path: string): Promise<TreeFile | undefined> {
    const name = baseName(path);
    for (const tag of likelyTags(name)) {
      const found = await this.#onlyFile(repository, tag);
      if (found !== undefined && (found.path === path || baseName(found.path) === name)) return found.file;
    }
    const { files } = await this.#scan(repository);
    return files.get(path) ?? [...files].find(([other]) => baseName(other) === name)?.[1];
  }

  /** Returns the files of all tags that hold one. */
  async all(repository: ArtifactRepository): Promise<FileTree> {
    return this.#scan(repository);
  }

  async #onlyFile(
    repository: ArtifactRepository,
    tag: Tag,
  ): Promise<{ readonly path: string; readonly file: TreeFile } | undefined> {
    const [digest] = await this.#generations.ofTag(repository, tag);
    if (digest === undefined) return undefined;
    const { files } = await this.#generations.tree(repository, digest);
    const [only, ...others] = files;
    return only === undefined || others.length > 0 ? undefined : { path: only[0], file: only[1] };
  }

  #scan(repository: ArtifactRepository): Promise<Scan> {
    const known = this.#scans.get(repository.name);
    if (known !== undefined && Date.now() - known.startedAtMs < SCAN_MS) return known.scan;
    const scan = this.#readAll(repository);
    this.#scans.delete(repository.name);
    this.#scans.set(repository.name, { scan, startedAtMs: Date.now() });
    scan.catch(() => this.#scans.delete(repository.name));
    for (const oldest of this.#scans.keys()) {
      if (this.#scans.size <= MAX_REPOSITORIES) break;
      this.#scans.delete(oldest);
    }
    return scan;
  }

  async #readAll(repository: ArtifactRepository): Promise<Scan> {
    let tags: readonly Tag[];
    try {
      tags = await repository.tags(MAX_TAGS);
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return { files: new Map(), notes: [] };
      if (!isAppError(error, 'LIMIT')) throw error;
      const notes = [`More than ${MAX_TAGS} tags: only files of tags that are called like them are found.`];
      return { files: new Map(), notes };
    }
    const found = await mapConcurrent(tags, PARALLEL, async (tag) => {
      try {
        return await this.#onlyFile(repository, tag);
      } catch (error) {
        // An image, or removed meanwhile.
        if (isAppError(error) && error.code !== 'NETWORK' && error.code !== 'AUTH') return undefined;
        throw error;
      }
    });
    const files = new Map<string, TreeFile>();
    for (const one of found) if (one !== undefined && !files.has(one.path)) files.set(one.path, one.file);
    return { files, notes: [] };
  }
}

/** Tags under which people push a file of that name: the name, with other characters for those that no tag has. */
function likelyTags(name: string): readonly Tag[] {
  const written = [name, name.replace(/[^A-Za-z0-9_.-]/g, '_'), name.replace(/[^A-Za-z0-9_.-]/g, '-')];
  return [...new Set(written)].filter(isTagName);
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
