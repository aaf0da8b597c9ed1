/** Validators of an earlier response, for a conditional request (RFC 9110 section 13.1). */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** A whole file, or the answer that it has not changed. `url` is the source that answered, as the caller gave it. */
export type ConditionalResult =
  | { readonly modified: false; readonly url: string }
  | {
      readonly modified: true;
      readonly url: string;
      readonly bytes: Buffer;
      /** Empty if the server sent none */
      readonly etag: string;
      /** Empty if the server sent none */
      readonly lastModified: string;
    };
