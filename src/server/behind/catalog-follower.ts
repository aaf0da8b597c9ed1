import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { fullName, parseReference, type Reference, withDigest } from '../../model/reference.ts';
import { headManifest } from '../../registry/manifests.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { HttpError } from '../http/http-error.ts';
import type { RegistryHealth } from './health.ts';

/** A catalog to follow. */
export interface FollowedCatalog {
  /** `registry.example/team/catalog:1`, or with a digest, which never changes */
  readonly reference: string;
  /** Whatever the tag points to is trusted; otherwise the reference must have a digest */
  readonly trusted: boolean;
  /** Time between looks at the tag, in milliseconds */
  readonly refreshMs: number;
}

/** Services of a CatalogFollower. */
export interface FollowerServices {
  readonly session: RegistrySession;
  readonly health: RegistryHealth;
  readonly note: (text: string) => void;
  /** Adds the catalog of that name with digest to the own one: all of it or nothing. */
  readonly pull: (reference: string) => Promise<unknown>;
}

/** While something is wrong, looks come sooner. */
const MAX_RETRY_MS = 5_000;

/** Parses the reference of a catalog to follow. @throws AppError USAGE, also if it is neither pinned nor trusted */
export function followedReference({ reference, trusted }: FollowedCatalog): Reference {
  const parsed = parseReference(reference);
  if (parsed.digest !== undefined || trusted) return parsed;
  throw new AppError(
    'USAGE',
    `--catalog ${reference}: a catalog cannot be verified: pin it by digest, or pass --trust-catalog`,
  );
}

/**
 * Keeps the own catalog at what a published one says. Each published catalog is a generation; the digest names it. One that cannot
 * be used leaves the earlier one in use.
 */
export class CatalogFollower {
  readonly #catalog: FollowedCatalog;
  readonly #reference: Reference;
  readonly #services: FollowerServices;
  readonly #end = new AbortController();
  #generation: Digest | undefined;
  #problem: string | undefined;
  #running: Promise<void> | undefined;

  /** @throws AppError USAGE */
  constructor(catalog: FollowedCatalog, services: FollowerServices) {
    this.#catalog = catalog;
    this.#reference = followedReference(catalog);
    this.#services = services;
  }

  /** Digest of the catalog in use; undefined: none yet */
  get generation(): Digest | undefined {
    return this.#generation;
  }

  /** Why there is no newer generation, or none at all; undefined: nothing is wrong */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks for the catalog from now on. */
  start(): void {
    this.#running ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  /** Looks once: adds the published catalog unless it is in use. Never throws. */
  async look(): Promise<void> {
    try {
      const session = this.#services.session.under(this.#end.signal);
      const found = await this.#services.health.watch(() => headManifest(session, this.#reference));
      if (found === undefined)
        throw new AppError('NOT_FOUND', `${fullName(this.#reference)}: there is no such catalog`);
      if (found.digest !== this.#generation) {
        await this.#services.pull(fullName(withDigest(this.#reference, found.digest)));
        this.#generation = found.digest;
        this.#services.note(`catalog ${fullName(this.#reference)}: ${found.digest} is in use`);
      }
      this.#problem = undefined;
    } catch (error) {
      if (this.#end.signal.aborted) return;
      this.#tell(error);
    }
  }

  /** Notes a problem once, not with every look. */
  #tell(thrown: unknown): void {
    // The follower's own reader is told what to do about it.
    const error = thrown instanceof HttpError && isAppError(thrown.cause) ? thrown.cause : thrown;
    const hint = isAppError(error) && error.hint !== undefined ? ` (${error.hint})` : '';
    const problem = `${error instanceof Error ? error.message : String(error)}${hint}`;
    if (problem !== this.#problem) {
      const still = this.#generation === undefined ? '' : `; ${this.#generation} stays in use`;
      this.#services.note(`catalog: ${problem}${still}`);
    }
    this.#problem = problem;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await this.look();
      const { refreshMs } = this.#catalog;
      // Servers that were started together do not ask together.
      const isWell = this.#problem === undefined && this.#services.health.problem === undefined;
      const pauseMs = isWell ? refreshMs * (0.9 + Math.random() / 5) : Math.min(refreshMs, MAX_RETRY_MS);
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
