import type { SourceOptions } from '../../model/request.ts';
import type { ServedMirror, ServedRepository } from '../../model/served-mirror.ts';
import type { Asker } from '../content.ts';
import { ownAsker } from '../workers/own-asker.ts';
import type { Pool } from '../workers/pool.ts';

/** A repository that is served, and the source that it belongs to. */
export interface MirrorRepository extends ServedRepository {
  readonly source: SourceOptions;
}

/** What is served of a distribution. */
export interface MirrorState {
  /** By their folders; a folder of two sources is the first one's */
  readonly repositories: ReadonlyMap<string, MirrorRepository>;
  readonly keys: ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly string[];
}

/** For how long the catalog's state of a source is taken for its current one. */
const STATE_MS = 2_000;
/** Time between two looks for newer indexes because something that an index lists was not there */
const REFRESH_MS = 30_000;

/** Options of mirror states. */
export interface MirrorStateOptions {
  readonly sources: readonly SourceOptions[];
  readonly pool: Pick<Pool, 'run'>;
  /** Ends with the server */
  readonly signal: AbortSignal;
}

/** The state of each source's mirror: asked for again when it is used, so that it follows the catalog. */
export class MirrorStates {
  readonly #options: MirrorStateOptions;
  readonly #known = new Map<SourceOptions, Known>();

  constructor(options: MirrorStateOptions) {
    this.#options = options;
  }

  /** Ids of the distributions */
  get distros(): readonly string[] {
    return [...new Set(this.#options.sources.map(({ distro }) => distro))];
  }

  /** Returns the state of a distribution; undefined: it is not one of the server's. @throws as the use case servedMirror */
  async of(distro: string, asker: Asker): Promise<MirrorState | undefined> {
    const sources = this.#options.sources.filter((source) => source.distro === distro);
    if (sources.length === 0) return undefined;
    const repositories = new Map<string, MirrorRepository>();
    const keys = new Map<string, Uint8Array>();
    const notes = new Set<string>();
    const states = await Promise.all(sources.map(async (source) => this.#stateOf(source, asker)));
    for (const [index, state] of states.entries()) {
      const source = sources[index] as SourceOptions;
      for (const repository of state.repositories)
        for (const folder of repository.folders)
          if (!repositories.has(folder)) repositories.set(folder, { ...repository, source });
      for (const { name, content } of state.keys) keys.set(name, content);
      for (const note of state.notes) notes.add(note);
    }
    return { repositories, keys, notes: [...notes] };
  }

  /** Looks for newer indexes of a source now: one of its mirrors turned out to have others. Else the server does so at times. */
  expectChange(source: SourceOptions): void {
    const known = this.#known.get(source);
    if (known === undefined || Date.now() - known.refreshedAtMs < REFRESH_MS) return;
    known.refreshedAtMs = Date.now();
    const { pool, signal } = this.#options;
    // Failing leaves the indexes as they are.
    pool.run('index', { source, files: false }, ownAsker(signal)).catch(() => {});
  }

  /** Asks for the state of a source again when it is next used: its index is not in the cache any more. */
  forget(source: SourceOptions): void {
    const known = this.#known.get(source);
    if (known !== undefined) known.untilMs = 0;
  }

  async #stateOf(source: SourceOptions, asker: Asker): Promise<ServedMirror> {
    const known = this.#known.get(source);
    const nowMs = Date.now();
    if (known !== undefined && nowMs < known.untilMs) return known.state;
    try {
      const state = await this.#options.pool.run('servedMirror', { source }, asker);
      const refreshedAtMs = known?.refreshedAtMs ?? 0;
      this.#known.set(source, { state, untilMs: Date.now() + STATE_MS, refreshedAtMs });
      return state;
    } catch (error) {
      if (known === undefined || asker.signal.aborted) throw error;
      // What was true is served rather than nothing.
      known.untilMs = Date.now() + STATE_MS;
      return known.state;
    }
  }
}

interface Known {
  readonly state: ServedMirror;
  untilMs: number;
  refreshedAtMs: number;
}
