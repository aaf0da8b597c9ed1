import type { Artifact } from '../../app/artifact/manifest.ts';
import { isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { Tag } from '../../model/reference.ts';
import { type ArtifactRepository, isUnreachable } from './artifact-repository.ts';
import { type FileTree, fileTree } from './file-tree.ts';

/** For how long a tag is taken to stay where it is. */
const TAG_MS = 10_000;
/** For how long a client may go on with files of an earlier generation, and how many of these are kept. */
const GENERATION_MS = 3_600_000;
const MAX_GENERATIONS = 4;
/** A manifest of 4 MiB lists some 30,000 files. */
const MAX_FILES = 200_000;
const MAX_TAGS = 10_000;

/** A tag that was looked up: its newest generation is the first. */
interface KnownTag {
  generations: readonly { readonly digest: Digest; readonly seenAtMs: number }[];
  checkedAtMs: number;
  checking: Promise<void> | undefined;
}

/** A generation with its files. */
export interface Generation {
  readonly digest: Digest;
  readonly tree: FileTree;
}

/** Where the tags of repositories point, and the files of what they point to, for a while. */
export class Generations {
  readonly #tags = new Map<string, KnownTag>();
  readonly #trees = new Map<string, FileTree>();
  readonly #nowMs: () => number;
  #files = 0;

  /** @param nowMs the clock, for tests */
  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /**
   * Returns the generations of a tag, the newest first: those before it are for clients that read its metadata before it moved.
   * None: there is no such tag. A registry that does not answer leaves the tag where it was.
   * @throws what the repository throws
   */
  async ofTag(repository: ArtifactRepository, tag: Tag): Promise<readonly Digest[]> {
    const key = `${repository.name}:${tag}`;
    const known = this.#tags.get(key) ?? { generations: [], checkedAtMs: 0, checking: undefined };
    forgetOldest(this.#tags, MAX_TAGS - 1);
    this.#tags.delete(key);
    this.#tags.set(key, known);
    if (this.#nowMs() - known.checkedAtMs >= TAG_MS) {
      known.checking ??= this.#check(repository, tag, known).finally(() => {
        known.checking = undefined;
      });
      await known.checking;
    }
    return known.generations.map(({ digest }) => digest);
  }

  async #check(repository: ArtifactRepository, tag: Tag, known: KnownTag): Promise<void> {
    const nowMs = this.#nowMs();
    try {
      const digest = await repository.resolve(tag);
      const earlier = known.generations.filter(
        (one) => one.digest !== digest && nowMs - one.seenAtMs < GENERATION_MS,
      );
      known.generations =
        digest === undefined ? [] : [{ digest, seenAtMs: nowMs }, ...earlier].slice(0, MAX_GENERATIONS);
    } catch (error) {
      if (!isUnreachable(error) || known.generations.length === 0) throw error;
    }
    known.checkedAtMs = nowMs;
  }

  /** Returns the files of an artifact, which is read once. @throws what the repository throws */
  async tree(repository: ArtifactRepository, digest: Digest): Promise<FileTree> {
    // By name: who may read one repository need not be allowed to read another.
    const key = `${repository.name}@${digest}`;
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const artifact: Artifact = await repository.artifact(digest);
    const tree = fileTree(artifact);
    if (this.#trees.has(key)) return tree;
    this.#trees.set(key, tree);
    this.#files += tree.files.size + 1;
    for (const [oldest, { files }] of this.#trees) {
      if (this.#files <= MAX_FILES || oldest === key) break;
      this.#trees.delete(oldest);
      this.#files -= files.size + 1;
    }
    return tree;
  }

  /** Returns the tree of an earlier generation, which the registry may have lost. */
  async earlier(repository: ArtifactRepository, digest: Digest): Promise<FileTree | undefined> {
    try {
      return await this.tree(repository, digest);
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }
}

function forgetOldest<T>(map: Map<string, T>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
