import { AppError } from '../../../model/app-error.ts';
import type { PackageState } from './state.ts';

/** Tags are bits of a word, the lowest for untagged; apk's own maximum is 15. */
const MAX_TAGS = 32;

/** Tags of a solve's repositories. Sets of tags and of repositories are bits of a word; bit 0 of tags: untagged. */
export class RepositoryTags {
  /** Tags by bit; the first is empty: untagged */
  readonly tags: readonly string[];
  readonly #repositoriesByTag: readonly number[];

  /**
   * @param tagOfRepository the tag of each repository by rank; empty: untagged
   * @throws AppError LIMIT
   */
  constructor(tagOfRepository: readonly string[]) {
    this.tags = [...new Set(['', ...tagOfRepository])];
    if (this.tags.length > MAX_TAGS) {
      throw new AppError(
        'LIMIT',
        `solver: expected at most ${MAX_TAGS - 1} different @tags, got ${this.tags.length - 1}`,
      );
    }
    this.#repositoriesByTag = this.tags.map((tag) =>
      tagOfRepository.reduce((bits, other, rank) => (other === tag ? bits | (1 << rank) : bits), 0),
    );
  }

  /** Returns the index of the first tag that allows the package. */
  chosenTag({ pinningAllowed: allowedTags, allowedRepositories }: PackageState): number {
    const index = this.tags.findIndex(
      (_, tag) => (allowedTags & (1 << tag)) !== 0 && (allowedRepositories & this.allowedBy(1 << tag)) !== 0,
    );
    return Math.max(index, 0);
  }

  /** Returns the bit of a tag; 0: no repository has it. */
  tagBit(tag: string): number {
    const index = this.tags.indexOf(tag);
    return index < 0 ? 0 : 1 << index;
  }

  /** Returns the repositories (bits) that the tags (bits) allow. */
  allowedBy(tags: number): number {
    if (tags === 1) return this.#repositoriesByTag[0] as number;
    return this.#repositoriesByTag.reduce((bits, of, index) => (tags & (1 << index) ? bits | of : bits), 0);
  }
}
