import type { SystemFacts } from '../distros/install.ts';
import type { CatalogPackage, SolvedPackage } from '../model/package.ts';
import type { SourceOptions } from '../model/request.ts';
import type { Context } from './context.ts';
import type { IndexedRepository } from './indexed-repository.ts';
import { Refusal, withLookup } from './lookup.ts';
import type { Sources } from './sources.ts';
import { systemOf } from './system.ts';

/** A solved request. */
export interface Resolution {
  readonly sources: Sources;
  readonly repositories: readonly IndexedRepository[];
  /** In install order */
  readonly packages: readonly SolvedPackage[];
  readonly system: SystemFacts;
  /** The solver's, and what is not known of the system */
  readonly warnings: readonly string[];
}

/**
 * From names to packages: repositories indexed where needed, then solved.
 * @throws AppError as withLookup
 */
export async function resolvePackages(
  context: Context,
  options: SourceOptions,
  targets: readonly string[],
): Promise<Resolution> {
  return withLookup(context, options, ({ sources, repositories, source }) => {
    const { distro, architecture } = sources;
    const repositoryNames = repositories.map(({ spec }) => spec.name);
    const result = distro.solve({ targets, architecture, repositoryNames }, source);
    if (!result.ok) throw new Refusal(result.problems, result.report);
    const system = systemOf({ sources, repositories, source });
    const unknown = distro.unknownOf?.(system);
    const warnings = [...result.warnings, ...(unknown === undefined ? [] : [unknown])];
    return { sources, repositories, packages: result.packages, system, warnings };
  });
}

/** `main`, `core`: the repository a solved package comes from. */
export function repositoryOf(resolution: Resolution, entry: CatalogPackage): IndexedRepository {
  return resolution.repositories[entry.repositoryRank] as IndexedRepository;
}
