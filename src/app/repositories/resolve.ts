import type { SystemFacts } from '../../distros/install.ts';
import type { CatalogPackage } from '../../model/package.ts';
import type { BaseMode, SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import type { IndexedRepository } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { type BasedSolution, solveWithBase } from './base.ts';
import type { Lookup } from './lookup.ts';
import { openLookup, withSnapshot } from './open-lookup.ts';
import { systemOf } from './system-facts.ts';

/** A solved request. */
export interface Resolution extends BasedSolution {
  readonly sources: Sources;
  readonly repositories: readonly IndexedRepository[];
  readonly system: SystemFacts;
  /** Warnings of the solver, and of unknown facts about the system */
  readonly warnings: readonly string[];
}

/** A request to solve. */
export interface ResolveRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** As in ComposeRequest */
  readonly base: BaseMode | undefined;
  /** As in BasedRequest */
  readonly findShared?: boolean;
  readonly findAdded?: boolean;
}

/** Indexes repositories if needed, and solves a request. @throws AppError as withLookup */
export async function resolvePackages(context: Context, request: ResolveRequest): Promise<Resolution> {
  return resolveIn(context, await openLookup(context, request.source), request);
}

/** Solves a request in repositories that are open. @throws ResolutionError */
export async function resolveIn(
  context: Context,
  lookup: Lookup,
  { packages, base, findShared = false, findAdded = true }: Omit<ResolveRequest, 'source'>,
): Promise<Resolution> {
  return withSnapshot(context, lookup, (lookup) => {
    const { sources, repositories } = lookup;
    const system = systemOf(lookup);
    const solved = solveWithBase(lookup, { targets: packages, base, findShared, findAdded });
    const unknown = sources.distro.releases.unknown?.(system);
    const warnings = [...solved.warnings, ...(unknown === undefined ? [] : [unknown])];
    return { sources, repositories, ...solved, system, warnings };
  });
}

/** Returns the repository that a solved package comes from. */
export function repositoryOf(resolution: Resolution, entry: CatalogPackage): IndexedRepository {
  return required(resolution.repositories, entry.repositoryRank);
}
