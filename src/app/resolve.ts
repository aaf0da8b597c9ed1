import { AppError } from '../model/app-error.ts';
import type { CatalogPackage, PackageSource, SolvedPackage, SolveProblem } from '../model/package.ts';
import type { SourceOptions } from '../model/request.ts';
import type { Context } from './context.ts';
import type { IndexedRepository } from './indexed-repository.ts';
import { nearestNames } from './nearest.ts';
import { ensureIndexed } from './repositories.ts';
import { resolveSources, type Sources } from './sources.ts';

/** A solved request. */
export interface Resolution {
  readonly sources: Sources;
  readonly repositories: readonly IndexedRepository[];
  /** In install order */
  readonly packages: readonly SolvedPackage[];
  readonly warnings: readonly string[];
}

/** Suggestions for one unknown name, and packages that provide it. */
const MAX_SUGGESTIONS = 5;

/**
 * From names to packages: repositories indexed where needed, then solved.
 * @throws AppError UNKNOWN_PACKAGE, UNSATISFIABLE with `details` {problems, nearest, providers}; as ensureIndexed
 */
export async function resolvePackages(
  context: Context,
  options: SourceOptions,
  targets: readonly string[],
): Promise<Resolution> {
  const sources = await resolveSources(context, options);
  const repositories = await ensureIndexed(context, sources, sources.named ? 'always' : 'if-missing');
  const ranked = repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag }));
  const source = context.catalog.packages.source(ranked);
  const result = context.catalog.snapshot(() =>
    sources.distro.solve(
      {
        targets,
        architecture: sources.architecture,
        repositoryNames: repositories.map(({ spec }) => spec.name),
      },
      source,
    ),
  );
  if (result.ok) return { sources, repositories, packages: result.packages, warnings: result.warnings };
  throw failure(result.problems, source, () => context.catalog.packages.names(ranked));
}

/** How Alpine names what packages provide besides themselves: commands, libraries, pkg-config files. */
const PROVIDED_KINDS = ['', 'cmd:', 'so:', 'pc:'];

/** `name-version` of the packages that provide the name in some form, best repository first. */
function providersOf(name: string, source: PackageSource): readonly string[] {
  const found = PROVIDED_KINDS.flatMap((kind) => source.providers(`${kind}${name}`));
  return [...new Set(found.map((entry) => `${entry.name}-${entry.version}`))].slice(0, MAX_SUGGESTIONS);
}

function failure(
  problems: readonly SolveProblem[],
  source: PackageSource,
  names: () => readonly string[],
): AppError {
  const unknown = problems.filter((problem) => problem.kind === 'unknown');
  const known = unknown.length > 0 ? names() : [];
  const nearest = Object.fromEntries(
    unknown.map(({ requirement, subject }) => [requirement, nearestNames(subject, known, MAX_SUGGESTIONS)]),
  );
  const providers = Object.fromEntries(
    unknown
      .map(({ requirement, subject }) => [requirement, providersOf(subject, source)] as const)
      .filter(([, found]) => found.length > 0),
  );
  const suggestions = [...new Set(Object.values(nearest).flat())];
  return new AppError(
    unknown.length > 0 ? 'UNKNOWN_PACKAGE' : 'UNSATISFIABLE',
    problems.map((problem) => problem.message).join('\n'),
    {
      ...(suggestions.length > 0 ? { hint: `Did you mean ${suggestions.join(', ')}?` } : {}),
      details: { problems, nearest, providers },
    },
  );
}

/** `main`, `core`: the repository a solved package comes from. */
export function repositoryOf(resolution: Resolution, entry: CatalogPackage): IndexedRepository {
  return resolution.repositories[entry.repositoryRank] as IndexedRepository;
}
