/** A file with a public key, or with several. */
export interface KeyFile {
  /** File name; its folders are ignored */
  readonly name: string;
  readonly bytes: Uint8Array;
}
