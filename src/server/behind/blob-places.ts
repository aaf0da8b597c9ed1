import { type Digest, parseDigest } from '../../model/digest.ts';
import type { Repository } from '../../model/reference.ts';
import { publicAddress, signedAddress } from '../../registry/blob-address.ts';
import { blobSize } from '../../registry/blob-size.ts';
import { readBlob, readBlobFrom } from '../../registry/blobs.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { ServedBlob } from '../content.ts';
import { Recent } from './recent.ts';

/** Whether clients are sent to the registry for blobs: not at all, to its own address, or to the address that they reach it by. */
export type Redirect = boolean | URL;

/** Blobs leave a registry when somebody collects its garbage; until this has passed, nobody asks again. */
const SIZES = { maxWeight: 100_000, maxAgeMs: 20_000 };
/** A registry may get a login, or lose it. */
const ACCESSES = { maxWeight: 10_000, maxAgeMs: 300_000 };

/** How others get the blobs of a repository: as anybody, by an address for one download, or not at all. */
type Access = { readonly kind: 'public'; readonly origin: string } | { readonly kind: 'signed' | 'private' };

/** Blobs in repositories of the registry behind: where they are, and whether clients are sent there. */
export class BlobPlaces {
  readonly #session: RegistrySession;
  readonly #redirect: Redirect;
  readonly #sizes = new Recent<number>(SIZES);
  readonly #accesses = new Recent<Access>(ACCESSES);

  constructor(session: RegistrySession, redirect: Redirect) {
    this.#session = session;
    this.#redirect = redirect;
  }

  /**
   * Returns the address to which a client is sent, or else a stream with our login; undefined if the repository lacks the blob.
   * @throws AppError as RegistrySession.send
   */
  async find(repository: Repository, digest: Digest): Promise<ServedBlob | undefined> {
    const size = await this.#sizeOf(repository, digest);
    if (size === undefined) return undefined;
    const url = await this.#address(repository, digest);
    if (url !== undefined) return { kind: 'redirect', url: url.href, sizeBytes: size };
    return {
      kind: 'stream',
      sizeBytes: size,
      open: (start, signal) => this.#read({ repository, digest, size, start, signal }),
    };
  }

  async #sizeOf(repository: Repository, digest: Digest): Promise<number | undefined> {
    const key = `${repository.path}@${digest}`;
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const size = await blobSize(this.#session, repository, digest);
    if (size !== undefined) this.#sizes.set(key, size);
    return size;
  }

  async #address(repository: Repository, digest: Digest): Promise<URL | undefined> {
    if (this.#redirect === false) return undefined;
    const known = this.#accesses.get(repository.path);
    if (known?.kind === 'private') return undefined;
    if (known?.kind === 'public') return this.#ownAddress(known.origin, repository, digest);
    if (known === undefined) {
      const own = await publicAddress(this.#session, repository, digest);
      if (own !== undefined) {
        this.#accesses.set(repository.path, { kind: 'public', origin: own.origin });
        return this.#ownAddress(own.origin, repository, digest);
      }
    }
    const signed = await signedAddress(this.#session, repository, digest);
    this.#accesses.set(repository.path, { kind: signed === undefined ? 'private' : 'signed' });
    return signed;
  }

  #ownAddress(origin: string, { path }: Repository, digest: Digest): URL {
    const base = this.#redirect instanceof URL ? this.#redirect.href.replace(/\/+$/, '') : origin;
    return new URL(`${base}/v2/${path}/blobs/${digest}`);
  }

  #read({ repository, digest, size, start, signal }: BlobRead): AsyncIterable<Uint8Array> {
    const session = this.#session.under(signal);
    const blob = { digest: parseDigest(digest), size };
    // A part cannot be checked against the digest of the whole, which clients do.
    return start > 0
      ? readBlobFrom(session, repository, { ...blob, start })
      : lastHeld(readBlob(session, repository, blob));
  }
}

interface BlobRead {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly size: number;
  readonly start: number;
  readonly signal: AbortSignal;
}

/** Holds the last chunk back until the source has ended well. */
async function* lastHeld(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
