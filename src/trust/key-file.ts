/** A file with a public key, or with several. */
export interface KeyFile {
  /** File name; folders before it do not count */
  readonly name: string;
  readonly bytes: Uint8Array;
}
