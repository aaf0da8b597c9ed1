/**
 * Finds out whether a registry can mount a blob from the repository itself. If it can, the request that opens an upload also
 * tells whether the blob exists, and no separate request is needed. An opened upload proves nothing: some registries open one
 * for every mount.
 */
export class OwnMounts {
  #work: boolean | undefined;
  readonly #answer = Promise.withResolvers<boolean>();

  /** Undefined: not known yet */
  get work(): boolean | undefined {
    return this.#work;
  }

  /** Records the first answer; later ones are ignored. */
  found(work: boolean): void {
    this.#work ??= work;
    this.#answer.resolve(this.#work);
  }

  known(): Promise<boolean> {
    return this.#answer.promise;
  }
}
