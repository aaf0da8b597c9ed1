import type { Relations } from '../../distros/resolver.ts';
import { AppError, type ErrorCode, isAppError } from '../../model/app-error.ts';
import type { CatalogPackage, SolvedPackage, SolveResult } from '../../model/package.ts';
import type { BaseMode, BaseReport } from '../../model/request.ts';
import { type Lookup, Unresolved } from './lookup.ts';
import { systemOf } from './system-facts.ts';

export interface BasedRequest {
  /** As the user wrote them */
  readonly targets: readonly string[];
  /** Undefined: what of `minimal` the repositories have */
  readonly base: BaseMode | undefined;
}

/** A request that was solved together with its base. */
export interface BasedSolution {
  /** In install order */
  readonly packages: readonly SolvedPackage[];
  readonly warnings: readonly string[];
  /** All that the package manager was asked for: the base before the request */
  readonly targets: readonly string[];
  readonly base: BaseReport;
  /** Packages that only the base brings */
  readonly added: ReadonlySet<CatalogPackage>;
  /** Packages that the base alone would bring, also where the request brings them too */
  readonly shared: ReadonlySet<CatalogPackage>;
}

const ALONE = 'Use --base none to compose the packages alone: they conflict with the base.';

/**
 * Solves the base and the request in one go, as `apk add BASE… PKG…` would. Where that fails, the request is tried alone, so
 * that the base is blamed only for its own faults; parts of a base that nobody asked for may be missing.
 * @throws Unresolved
 */
export function solveWithBase(lookup: Lookup, { targets, base }: BasedRequest): BasedSolution {
  const { sources, repositories, source } = lookup;
  const { distro, architecture } = sources;
  const repositoryNames = repositories.map(({ spec }) => spec.name);
  const solve = (names: readonly string[]): SolveResult =>
    distro.resolver.solve({ targets: names, architecture, repositoryNames }, source);

  const mode = base ?? 'minimal';
  const names = mode === 'none' ? [] : baseNames(lookup, mode);
  const said = namesOf(targets, distro.resolver.relations);
  const asked = names.filter((name) => !said.has(name));
  const whole = { targets, mode, names, asked, missing: [] };
  const together = solve([...asked, ...targets]);
  if (together.ok) return withAdded(together, whole, solve);
  const alone = asked.length === 0 ? together : solve(targets);
  if (!alone.ok) throw new Unresolved(alone.problems, alone.report);
  const unmet = new Map(asked.map((name) => [name, solve([name])] as const).filter(([, { ok }]) => !ok));
  const [reason] = unmet.values();
  if (base !== undefined && reason?.ok === false) {
    throw new Unresolved(
      reason.problems,
      reason.report,
      `Use --base none to leave it out: --base ${base} includes it.`,
    );
  }
  const isMet = (name: string): boolean => !unmet.has(name);
  const found = asked.filter(isMet);
  const fewer = { ...whole, names: names.filter(isMet), asked: found, missing: [...unmet.keys()] };
  return withAdded(unmet.size === 0 ? together : solve([...found, ...targets]), fewer, solve);
}

function baseNames(lookup: Lookup, mode: 'minimal' | 'system'): readonly string[] {
  const { sources, source } = lookup;
  const has = (name: string): boolean => source.byName(name).some(({ tag }) => tag === '');
  return sources.distro.install.base({ mode, release: systemOf(lookup).release, has });
}

/** Names that a request says something about: that, also `!name`, goes before the base. */
function namesOf(targets: readonly string[], { targetName }: Relations): ReadonlySet<string> {
  return new Set(targets.map((target) => targetName(target.slice(target.lastIndexOf('/') + 1))));
}

interface Asked {
  readonly targets: readonly string[];
  readonly mode: BaseMode;
  /** The base, without what is missing */
  readonly names: readonly string[];
  /** The base's targets that the request does not name itself */
  readonly asked: readonly string[];
  readonly missing: readonly string[];
}

/**
 * The base's own: what the request alone does not bring; where it needs the base to be met at all, what the base alone
 * brings.
 */
function withAdded(
  result: SolveResult,
  { targets, mode, names, asked, missing }: Asked,
  solve: (names: readonly string[]) => SolveResult,
): BasedSolution {
  if (!result.ok)
    throw new Unresolved(result.problems, result.report, asked.length === 0 ? undefined : ALONE);
  const all = result.packages.map((solved) => solved.package);
  const among = (other: SolveResult): ReadonlySet<CatalogPackage> | undefined => {
    if (!other.ok) return undefined;
    const ids = new Set(other.packages.map((solved) => solved.package.id));
    return new Set(all.filter(({ id }) => ids.has(id)));
  };
  const shared = names.length === 0 ? undefined : among(solve(names));
  const alone = asked.length === 0 ? new Set(all) : among(solve(targets));
  return {
    packages: result.packages,
    warnings: result.warnings,
    targets: [...asked, ...targets],
    base: { mode, targets: asked, missing },
    added: alone === undefined ? (shared ?? new Set()) : new Set(all.filter((entry) => !alone.has(entry))),
    shared: shared ?? new Set(),
  };
}

/** Errors of the machine or the network, not of a package. */
const NOT_OF_PACKAGES: readonly ErrorCode[] = ['CANCELLED', 'STORAGE', 'NETWORK', 'AUTH', 'CATALOG'];

/** Adds to an error about a package that only the base brings how to leave it out. */
export function blamingBase(error: unknown, { added }: BasedSolution): unknown {
  if (!isAppError(error) || NOT_OF_PACKAGES.includes(error.code)) return error;
  const { code, message, details, hint } = error;
  const culprit = [...added].find(
    ({ name, version, fileName }) => message.includes(fileName) || message.includes(` ${name}-${version} `),
  );
  if (culprit === undefined) return error;
  const leftOut = `Use --base none to leave ${culprit.name} out: it is part of the base.`;
  const hints = code === 'CONFLICT' || hint === undefined ? leftOut : `${hint} ${leftOut}`;
  return new AppError(code, message, { hint: hints, cause: error, details });
}
