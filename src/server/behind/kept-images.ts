import { isAppError } from '../../model/app-error.ts';
import { type Digest, isDigest } from '../../model/digest.ts';
import {
  fullName,
  isTagName,
  parseRepository,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from '../../model/reference.ts';
import { getManifest, headManifest } from '../../registry/manifests.ts';
import { listReferrers } from '../../registry/referrers.ts';
import { listTags } from '../../registry/tags.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { Maybe, Referrer, ServedBlob, ServedManifest } from '../content.ts';
import { HttpError } from '../http/http-error.ts';
import type { BlobPlaces } from './blob-places.ts';
import type { RegistryHealth } from './health.ts';
import { Recent } from './recent.ts';

/** Manifests in memory: 64 MiB are those of 5,000 images of 50 layers. */
const MANIFESTS = { maxWeight: 64 * 1024 * 1024, maxAgeMs: Number.POSITIVE_INFINITY };
/** A manifest that was not looked for in so long is looked for again, after the answer. */
const CHECK_MS = 20_000;

interface Kept {
  readonly manifest: ServedManifest;
  checkedAt: number;
}

/** Services of KeptImages. */
export interface KeptImagesServices {
  readonly session: RegistrySession;
  readonly places: BlobPlaces;
  readonly health: RegistryHealth;
}

/** Images in the registry behind, each in a repository of its own below one namespace: what one server puts there, all have. */
export class KeptImages {
  readonly #namespace: Repository;
  readonly #services: KeptImagesServices;
  readonly #manifests = new Recent<Kept>(MANIFESTS);

  constructor(namespace: Repository, services: KeptImagesServices) {
    this.#namespace = namespace;
    this.#services = services;
  }

  /** Returns the repository in the registry behind of a name here. @throws HttpError 400 if it is too long with the namespace */
  repositoryOf(name: string): Repository {
    try {
      return parseRepository(`${fullName(this.#namespace)}/${name}`);
    } catch (error) {
      if (!isAppError(error, 'USAGE')) throw error;
      throw new HttpError(400, 'NAME_INVALID', error.message);
    }
  }

  /** Returns a manifest from memory at once, or else from the registry. @throws HttpError 503; AppError as getManifest */
  manifest(name: string, digest: Digest): Maybe<ServedManifest> {
    return this.inMemory(name, digest) ?? this.#fetch(name, withDigest(this.repositoryOf(name), digest));
  }

  /** Returns a manifest from memory. */
  inMemory(name: string, digest: Digest): ServedManifest | undefined {
    const kept = this.#manifests.get(`${name}@${digest}`);
    if (kept !== undefined && performance.now() - kept.checkedAt > CHECK_MS) void this.#check(name, kept);
    return kept?.manifest;
  }

  /** Returns the manifest that has a tag in the registry. @throws HttpError 503; AppError as getManifest */
  async tagged(name: string, tag: string): Promise<ServedManifest | undefined> {
    return isTagName(tag) ? this.#fetch(name, withTag(this.repositoryOf(name), tag)) : undefined;
  }

  /** Returns the tags that a repository has in the registry. @throws HttpError 503; AppError as listTags */
  async tags(name: string): Promise<readonly string[]> {
    const { session, health } = this.#services;
    const repository = this.repositoryOf(name);
    return (await health.watch(() => listTags(session, repository).catch(undefinedIfMissing))) ?? [];
  }

  /** Returns what refers to a manifest in the registry: signatures, SBOMs. @throws HttpError 503; AppError as listReferrers */
  async referrers(name: string, digest: Digest): Promise<readonly Referrer[]> {
    const { session, health } = this.#services;
    const repository = this.repositoryOf(name);
    return health.watch(() => listReferrers(session, repository, { of: digest }));
  }

  /** Finds a blob of an image. @throws HttpError 503; AppError as BlobPlaces.find */
  async blob(name: string, digest: Digest): Promise<ServedBlob | undefined> {
    const { places, health } = this.#services;
    const repository = this.repositoryOf(name);
    return health.watch(() => places.find(repository, digest));
  }

  /** Keeps a manifest in memory that the registry has. */
  remember(name: string, manifest: ServedManifest): void {
    const kept = { manifest, checkedAt: performance.now() };
    this.#manifests.set(`${name}@${manifest.digest}`, kept, manifest.bytes.length);
  }

  /** Drops a name's manifests from memory: the registry may have lost them. */
  forget(name: string): void {
    this.#manifests.deleteAll((key) => key.startsWith(`${name}@`));
  }

  async #fetch(name: string, reference: Reference): Promise<ServedManifest | undefined> {
    const { session, health } = this.#services;
    const found = await health.watch(() => getManifest(session, reference).catch(undefinedIfMissing));
    if (found === undefined) return undefined;
    const { mediaType, digest } = found.descriptor;
    const manifest = { mediaType, digest, bytes: found.bytes };
    this.remember(name, manifest);
    return manifest;
  }

  /** Looks whether the registry still has a manifest; if it does not answer, what is in memory serves on. */
  async #check(name: string, kept: Kept): Promise<void> {
    const { session, health } = this.#services;
    const { digest } = kept.manifest;
    kept.checkedAt = performance.now();
    if (!isDigest(digest)) return;
    try {
      const reference = withDigest(this.repositoryOf(name), digest as Digest);
      const found = await health.watch(() => headManifest(session, reference));
      if (found === undefined) this.forget(name);
    } catch (error) {
      if (!(error instanceof HttpError) && !isAppError(error)) throw error;
    }
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (isAppError(error, 'NOT_FOUND')) return undefined;
  throw error;
}
