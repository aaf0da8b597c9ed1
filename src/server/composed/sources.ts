import type { ArchitectureState, SourceState } from '../../app/repositories/source-state.ts';
import { familyOf } from '../../distros/families.ts';
import { digestOf } from '../../model/digest.ts';
import type { DistroId } from '../../model/package.ts';
import type { SourceOptions } from '../../model/request.ts';
import type { Asker } from '../content.ts';
import { ownAsker } from '../workers/own-asker.ts';
import type { Pool } from '../workers/pool.ts';

/** A release of a distribution that is served. */
export interface ServedRelease {
  readonly distro: DistroId;
  /** Empty: the default of the distribution */
  readonly release: string;
  /** Its architecture does not matter */
  readonly source: SourceOptions;
  /** In OCI's or the distribution's words; empty: this machine's, and those that the catalog has */
  readonly architectures: readonly string[];
}

/** What a release is composed from at a time. */
export interface ReleaseState extends SourceState {
  /** Changes with the catalog and the code */
  readonly generation: string;
}

/** Age at which what is known of the catalog is looked up again, in milliseconds: other programs may have changed it. */
const STATE_AGE_MS = 2_000;

interface Known {
  readonly release: ServedRelease;
  state: ReleaseState | undefined;
  asking: Promise<ReleaseState> | undefined;
  askedAtMs: number;
}

/** The releases that a server composes from, and the state of their indexes. */
export class ServedSources {
  readonly #pool: Pool;
  readonly #sources: readonly SourceOptions[];
  readonly #known = new Map<string, Known>();
  readonly #asker: Asker;
  readonly #isCatalogGiven: boolean;

  /** @param sources in order of preference: of a distribution, the first one is the default */
  constructor(pool: Pool, sources: readonly SourceOptions[], signal: AbortSignal, isCatalogGiven = false) {
    this.#pool = pool;
    this.#sources = sources;
    this.#asker = ownAsker(signal);
    this.#isCatalogGiven = isCatalogGiven;
  }

  /** Distributions, in order */
  get distros(): readonly DistroId[] {
    return [...new Set(this.#sources.map(({ distro }) => distro))];
  }

  /** Words of the releases that are served without being in the catalog yet: those of the configuration, and the usual ones */
  releasesOf(distro: DistroId): readonly string[] {
    const own = this.#sources.filter((source) => source.distro === distro);
    // Repositories that are named are of one release, whatever it is called.
    const usual = own.every(({ repositories }) => repositories.length > 0) ? [] : familyOf(distro).releases;
    return [...new Set([...own.map(({ release }) => release), ...usual])].filter((word) => word !== '');
  }

  /** Finds a release; undefined if it is not served. @param release empty: the default @param known releases in the catalog */
  find(distro: DistroId, release: string, known: readonly string[] = []): ServedRelease | undefined {
    const own = this.#sources.filter((source) => source.distro === distro);
    const [first] = own;
    if (first === undefined) return undefined;
    const wanted = release === '' ? first.release : release;
    const exact = own.filter((source) => source.release === wanted);
    const [source = { ...first, release: wanted }] = exact;
    const isServed =
      exact.length > 0 ||
      (first.repositories.length === 0 && isAmong(wanted, [...this.releasesOf(distro), ...known]));
    if (!isServed) return undefined;
    const architectures = (exact.length > 0 ? exact : own.filter((other) => other.release === first.release))
      .map(({ architecture }) => architecture)
      .filter((word) => word !== '');
    return { distro, release: wanted, source: { ...source, architecture: '' }, architectures };
  }

  /** Finds a release, also one that only the catalog has. @throws as Pool.run */
  async served(distro: DistroId, release: string): Promise<ServedRelease | undefined> {
    const first = this.find(distro, '');
    return first && this.find(distro, release, (await this.state(first)).releases);
  }

  /** Returns the sources of everything that is served. @throws as Pool.run */
  async all(): Promise<readonly SourceOptions[]> {
    const found: SourceOptions[] = [];
    for (const distro of this.distros) {
      const first = this.find(distro, '');
      if (first === undefined) continue;
      const { releases } = await this.state(first);
      for (const release of ['', ...this.releasesOf(distro), ...releases]) {
        const served = this.find(distro, release, releases);
        if (served === undefined) continue;
        const { architectures } = await this.state(served);
        for (const { architecture, generation } of architectures)
          if (generation !== '') found.push({ ...served.source, architecture });
      }
    }
    return found;
  }

  /** Returns what is known of a release, if it is recent or being looked up again; undefined: it has to be waited for. */
  peek(release: ServedRelease): ReleaseState | undefined {
    const known = this.#entry(release);
    if (known.state !== undefined && Date.now() - known.askedAtMs > STATE_AGE_MS)
      void this.#ask(release, known);
    return known.state;
  }

  /** Returns the state of a release. @throws as Pool.run */
  async state(release: ServedRelease): Promise<ReleaseState> {
    return this.peek(release) ?? this.#ask(release, this.#entry(release));
  }

  /** Looks up the state of a release again, as after its indexes were read. @throws as Pool.run */
  async renew(release: ServedRelease): Promise<ReleaseState> {
    const known = this.#entry(release);
    await known.asking?.catch(() => undefined);
    return this.#ask(release, known);
  }

  /**
   * Asks the mirrors of all releases that have been used for changes, with one conditional request for each index.
   * @param failed is told why an index stays as it is
   */
  async refresh(failed: (error: Error) => void): Promise<void> {
    for (const { release, state } of this.#known.values()) {
      for (const { architecture, generation } of state?.architectures ?? []) {
        if (generation === '') continue;
        const source = { ...release.source, architecture };
        await this.#pool.run('index', { source, files: false }, this.#asker).catch(failed);
      }
      await this.renew(release).catch(failed);
    }
  }

  #entry(release: ServedRelease): Known {
    const key = JSON.stringify(release);
    const known = this.#known.get(key) ?? { release, state: undefined, asking: undefined, askedAtMs: 0 };
    this.#known.set(key, known);
    return known;
  }

  #ask({ source, architectures }: ServedRelease, known: Known): Promise<ReleaseState> {
    const ask = async (): Promise<ReleaseState> => {
      try {
        const found = await this.#pool.run('sourceState', { source, architectures }, this.#asker);
        const state = this.#isCatalogGiven ? indexed(found) : found;
        known.state = { ...state, generation: generationOf(state.architectures) };
        return known.state;
      } finally {
        known.asking = undefined;
      }
    };
    known.askedAtMs = Date.now();
    known.asking ??= ask();
    known.asking.catch(() => undefined);
    return known.asking;
  }
}

/** Returns the state of the architectures whose indexes are in the catalog, in an order that does not depend on this machine. */
function indexed({ architectures, releases }: SourceState): SourceState {
  const there = architectures.filter(({ generation }) => generation !== '');
  return { architectures: there.toSorted((a, b) => (a.architecture < b.architecture ? -1 : 1)), releases };
}

/** Returns the generation of all architectures together. */
export function generationOf(architectures: readonly ArchitectureState[]): string {
  return digestOf(
    JSON.stringify(architectures.map(({ architecture, generation }) => [architecture, generation])),
  );
}

/** Tells whether a release is among others, with or without the letter before its number. */
function isAmong(release: string, others: readonly string[]): boolean {
  const plain = (word: string): string => word.replace(/^v(?=\d)/, '');
  return others.some((other) => plain(other) === plain(release));
}
