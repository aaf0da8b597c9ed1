import { architectureOf } from '../../distros/platforms.ts';
import { digestOf } from '../../model/digest.ts';
import type { SourceOptions } from '../../model/request.ts';
import { type Context, NotFetchedError } from '../context.ts';
import { resolveSources } from '../sources/sources.ts';
import type { Lookup } from './lookup.ts';
import { openLookup } from './open-lookup.ts';

/** Request for the state of package sources. */
export interface SourceStateRequest {
  /** Sources; the architecture does not matter */
  readonly source: SourceOptions;
  /** Architectures, in OCI's or the distribution's words; empty: this machine's, and those whose indexes are in the catalog */
  readonly architectures: readonly string[];
}

/** What the catalog has of package sources. */
export interface SourceState {
  readonly architectures: readonly ArchitectureState[];
  /** Releases of the distribution whose packages the catalog has, in the distribution's words */
  readonly releases: readonly string[];
}

/** What the catalog has of package sources for an architecture. */
export interface ArchitectureState {
  /** The distribution's word */
  readonly architecture: string;
  /** Changes with the indexes and with the code that composes; empty: an index is not in the catalog */
  readonly generation: string;
}

/** Tells what the catalog has of package sources. Asks nobody. @throws AppError USAGE */
export async function sourceState(
  context: Context,
  { source, architectures }: SourceStateRequest,
): Promise<SourceState> {
  const { distro } = await resolveSources(context, { ...source, architecture: '' });
  const rows = context.catalog.repositories.all().filter((row) => row.distro === distro.id);
  const known = architectures.length > 0 ? architectures : ['', ...rows.map((row) => row.architecture)];
  const words = [...new Set(known.map((word) => architectureOf(distro, word)))];
  const states: ArchitectureState[] = [];
  for (const architecture of words) {
    const generation = await generationOf({ ...context, fetching: 'never' }, { ...source, architecture });
    if (generation !== '' || states.length === 0 || architectures.length > 0)
      states.push({ architecture, generation });
  }
  return { architectures: states, releases: [...new Set(rows.map((row) => row.release))].sort() };
}

async function generationOf(context: Context, source: SourceOptions): Promise<string> {
  try {
    return generationIn(context, await openLookup(context, source));
  } catch (error) {
    if (error instanceof NotFetchedError) return '';
    throw error;
  }
}

/** Returns the generation of repositories that are open. */
export function generationIn(context: Context, lookup: Lookup): string {
  return digestOf(JSON.stringify(lookupIdentity(context, lookup)));
}

/** Returns a value that is equal for the same contents of the repositories, the same code and the same libraries that encode. */
export function lookupIdentity({ build }: Context, { sources, repositories }: Lookup): readonly unknown[] {
  return [
    [build, process.versions.zlib, process.versions.zstd],
    [sources.release, sources.architecture],
    repositories.map(({ spec, row }) => [
      { ...spec, baseUrls: [] },
      [row.id, row.content, row.base, row.release, row.signedBy],
    ]),
  ];
}
