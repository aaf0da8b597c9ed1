import type { ContentDigest } from '../model/content-digest.ts';
import type { Exchange } from './http/exchange.ts';

/** How a manifest is asked for. */
export type ManifestReference = { readonly tag: string } | { readonly digest: ContentDigest };

/** A manifest or an index, as it was pushed or composed. */
export interface ServedManifest {
  readonly mediaType: string;
  /** Of the algorithm that it was asked for or pushed with */
  readonly digest: ContentDigest;
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
  /** With the size, HEAD is answered here: an address for one download may allow GET alone */
  | { readonly kind: 'redirect'; readonly url: string; readonly sizeBytes?: number };

/** A manifest in a list of referrers (OCI distribution-spec, "Listing Referrers"). */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Who asks, for limits and queues, and when that client has left. */
export type Asker = Pick<Exchange, 'address' | 'identity' | 'signal'>;

/** The part of a list of tags that is wanted. */
export interface TagPage {
  /** Empty: from the first one on */
  readonly last: string;
  readonly count: number;
}

/** An answer, at once or later; undefined: there is none */
export type Maybe<T> = T | undefined | Promise<T | undefined>;

/**
 * What repositories have: pushed images, or images that are composed when they are asked for. The registry asks its origins in turn;
 * undefined lets the next one answer. An answer without a promise is sent without waiting for the event loop.
 */
export interface Origin {
  /** @throws HttpError 404 whose message says why there is no such image, where nobody else can have it */
  manifest(repository: string, reference: ManifestReference, asker: Asker): Maybe<ServedManifest>;
  blob(repository: string, digest: ContentDigest, asker: Asker): Maybe<ServedBlob>;
  /**
   * In the order of their bytes: all tags, or at least the first `count` after `last`. Undefined if the origin has no such
   * repository; the registry joins the lists of all its origins.
   */
  tags(repository: string, asker: Asker, page: TagPage): Maybe<readonly string[]>;
  /** Manifests whose subject is `digest`; the registry joins the lists of all its origins */
  referrers?(repository: string, digest: ContentDigest, asker: Asker): Maybe<readonly Referrer[]>;
}
