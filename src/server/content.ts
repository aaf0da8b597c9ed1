import type { Digest } from '../model/digest.ts';
import type { Exchange } from './http/exchange.ts';

/** How a manifest is asked for. */
export type ManifestReference = { readonly tag: string } | { readonly digest: Digest };

/** A manifest or an index, as it was pushed or composed. */
export interface ServedManifest {
  readonly mediaType: string;
  /** Of the algorithm that it was asked for or pushed with */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/**
 * A blob: a file of the cache; bytes that are arriving, which are sent as they come; or an address that the client is sent to.
 */
export type ServedBlob =
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number }
  | {
      readonly kind: 'stream';
      readonly sizeBytes: number;
      /** Yields the bytes from `start` on; rejects if they turn out not to be those of the digest, before the last of them */
      open(start: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
    }
  | { readonly kind: 'redirect'; readonly url: string };

/** Who asks, for limits and queues, and when that client has left. */
export type Asker = Pick<Exchange, 'address' | 'identity' | 'signal'>;

type Maybe<T> = T | undefined | Promise<T | undefined>;

/**
 * What repositories have: pushed images, or images that are composed when they are asked for. The registry asks its origins in turn;
 * undefined lets the next one answer.
 */
export interface Origin {
  /** @throws HttpError 404 whose message says why there is no such image, where nobody else can have it */
  manifest(repository: string, reference: ManifestReference, asker: Asker): Maybe<ServedManifest>;
  blob(repository: string, digest: Digest, asker: Asker): Maybe<ServedBlob>;
  /** In lexical order */
  tags(repository: string, asker: Asker): Maybe<readonly string[]>;
}
