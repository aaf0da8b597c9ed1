/**
 * Whether a registry mounts a blob from the repository itself where that has it. The request that opens an upload then also tells
 * what is there, and nothing has to ask before it. An upload that is opened proves nothing: some registries open one for every mount.
 */
export class OwnMounts {
  #work: boolean | undefined;
  readonly #answer = Promise.withResolvers<boolean>();

  /** Undefined: not known yet */
  get work(): boolean | undefined {
    return this.#work;
  }

  /** The first answer counts. */
  found(work: boolean): void {
    this.#work ??= work;
    this.#answer.resolve(this.#work);
  }

  known(): Promise<boolean> {
    return this.#answer.promise;
  }
}
