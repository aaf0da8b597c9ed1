import { createHash } from 'node:crypto';
import { type Digest, isDigest } from './digest.ts';

/** `sha512:<128 lower-case hex>` (OCI image-spec, descriptor "Registered Algorithms"). */
export type Sha512Digest = string & { readonly __brand: 'Sha512Digest' };

/** A digest by which clients of a registry name content; everything that is stored has a sha256 one. */
export type ContentDigest = Digest | Sha512Digest;

/** Algorithms of content digests. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const SHA512 = /^sha512:[0-9a-f]{128}$/;

/** Parses a digest of a known algorithm; undefined if `text` is anything else. */
export function contentDigest(text: string): ContentDigest | undefined {
  return isDigest(text) || SHA512.test(text) ? (text as ContentDigest) : undefined;
}

/** Returns the algorithm of a digest. */
export function algorithmOf(digest: ContentDigest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** Tells whether a text names an algorithm. */
export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === 'sha256' || text === 'sha512';
}

/** Returns the digest of bytes. */
export function contentDigestOf(bytes: Uint8Array, algorithm: DigestAlgorithm): ContentDigest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as ContentDigest;
}
