import type { BaseMode, PlannedPackage, PlanReport, SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { archivesOf } from '../archives/indexed-archives.ts';
import type { Context } from '../context.ts';
import { type Resolution, repositoryOf, resolvePackages } from '../repositories/resolve.ts';

/** Request of `plan`. */
export interface PlanRequest {
  readonly source: SourceOptions;
  readonly packages: readonly string[];
  /** As in ComposeRequest */
  readonly base: BaseMode | undefined;
}

/** Reports what would be installed, without downloading any package. @throws AppError as resolvePackages */
export async function plan(context: Context, request: PlanRequest): Promise<PlanReport> {
  return planReport(context, await resolvePackages(context, request));
}

/** Returns the report of a solved request. */
export function planReport(context: Context, resolution: Resolution): PlanReport {
  const archives = archivesOf(
    context,
    resolution.sources.distro.id,
    resolution.packages.map((solved) => solved.package),
  );
  const packages = resolution.packages.map(({ package: entry, reason }, index): PlannedPackage => {
    const known = required(archives, index);
    const stored = known.find(({ digest }) => context.store.has(digest));
    return {
      name: entry.name,
      version: entry.version,
      repository: repositoryOf(resolution, entry).spec.name,
      reason: resolution.added.has(entry) ? 'base' : reason,
      sizeBytes: entry.sizeBytes,
      installedSizeBytes: entry.installedSizeBytes,
      digest: (stored ?? known[0])?.digest,
      cached: stored !== undefined,
    };
  });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    distro: resolution.sources.distro.id,
    release: resolution.system.release,
    architecture: resolution.sources.architecture,
    packages,
    base: resolution.base,
    downloadBytes: sum(packages.filter((entry) => !entry.cached).map((entry) => entry.sizeBytes)),
    installedBytes: sum(packages.map((entry) => entry.installedSizeBytes)),
    warnings: resolution.warnings,
  };
}
