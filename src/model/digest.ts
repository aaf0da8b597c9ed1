import { createHash } from 'node:crypto';
import { AppError } from './app-error.ts';

/** `sha256:<64 lower-case hex>` of a blob's own bytes (OCI image-spec, descriptor "Digests"). */
export type Digest = string & { readonly __brand: 'Digest' };

/** `sha256:<64 lower-case hex>` of a layer's uncompressed tar (OCI image-spec, config `rootfs.diff_ids`). */
export type DiffId = string & { readonly __brand: 'DiffId' };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Tells whether a text is a sha256 digest or diffID: `sha256:<64 lower-case hex>`. */
export function isDigest(text: string): boolean {
  return PATTERN.test(text);
}

function parse(text: string, what: string): string {
  if (!isDigest(text)) {
    throw new AppError(
      'USAGE',
      `not a ${what}: expected sha256:<64 hex digits>, got ${JSON.stringify(text)}`,
    );
  }
  return text;
}

/** Parses a digest. @throws AppError USAGE if `text` is not a sha256 digest */
export function parseDigest(text: string): Digest {
  return parse(text, 'digest') as Digest;
}

/** Parses a diffID. @throws AppError USAGE if `text` is not a sha256 digest */
export function parseDiffId(text: string): DiffId {
  return parse(text, 'diffID') as DiffId;
}

/** SHA-256 of no bytes, in lower-case hex */
export const EMPTY_SHA256: string = createHash('sha256').digest('hex');

/** Returns the SHA-256 digest of bytes, or of a text in UTF-8. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Returns the 64 hex digits after `sha256:`. */
export function hexOf(digest: Digest | DiffId): string {
  return digest.slice('sha256:'.length);
}
