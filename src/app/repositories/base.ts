import type { Relations } from '../../distros/resolver.ts';
import { AppError, type ErrorCode, isAppError } from '../../model/app-error.ts';
import type { CatalogPackage, SolvedPackage, SolveResult } from '../../model/package.ts';
import type { BaseMode, BaseReport } from '../../model/request.ts';
import { type Lookup, Unresolved } from './lookup.ts';
import { systemOf } from './system-facts.ts';

/** A request and its base. */
export interface BasedRequest {
  /** Targets, as the user wrote them */
  readonly targets: readonly string[];
  /** Undefined: the packages of `minimal` that the repositories have */
  readonly base: BaseMode | undefined;
  /** Whether to find `shared`, which takes another solve */
  readonly findShared?: boolean;
  /** Whether to find `added`, which takes another solve; default: yes */
  readonly findAdded?: boolean;
}

/** A request that was solved together with its base. */
export interface BasedSolution {
  /** Packages in install order */
  readonly packages: readonly SolvedPackage[];
  readonly warnings: readonly string[];
  /** Everything that the package manager was asked for: the base before the request */
  readonly targets: readonly string[];
  readonly base: BaseReport;
  /** Packages that only the base brings in; empty if not asked for */
  readonly added: ReadonlySet<CatalogPackage>;
  /** Packages that the base alone would bring in, even if the request does too; empty if not asked for */
  readonly shared: ReadonlySet<CatalogPackage>;
}

const ALONE = 'Use --base none to compose the packages alone: they conflict with the base.';

/**
 * Solves base and request together, as `apk add BASE… PKG…` would. If that fails, the request is solved alone, so that the base
 * is only blamed for its own problems. Packages of a base that the user did not ask for may be missing.
 * @throws Unresolved
 */
export function solveWithBase(
  lookup: Lookup,
  { targets, base, findShared, findAdded = true }: BasedRequest,
): BasedSolution {
  const { sources, repositories, source } = lookup;
  const { distro, architecture } = sources;
  const repositoryNames = repositories.map(({ spec }) => spec.name);
  const solve = (names: readonly string[]): SolveResult =>
    distro.resolver.solve({ targets: names, architecture, repositoryNames }, source);

  const mode = base ?? 'minimal';
  const names = mode === 'none' ? [] : baseNames(lookup, mode);
  const said = namesOf(targets, distro.resolver.relations);
  const asked = names.filter((name) => !said.has(name));
  const whole = { targets, mode, names, asked, missing: [], findShared: findShared === true, findAdded };
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

/** Returns the names that a request is about, `!name` included; these take precedence over the base. */
function namesOf(targets: readonly string[], { targetName }: Relations): ReadonlySet<string> {
  return new Set(targets.map((target) => targetName(target.slice(target.lastIndexOf('/') + 1))));
}

interface Asked {
  readonly targets: readonly string[];
  readonly mode: BaseMode;
  /** Packages of the base, without missing ones */
  readonly names: readonly string[];
  /** Targets of the base that the request does not name itself */
  readonly asked: readonly string[];
  readonly missing: readonly string[];
  readonly findShared: boolean;
  readonly findAdded: boolean;
}

/**
 * Finds the packages of the base: those that the request alone does not bring in; if the request can only be met with the base,
 * those that the base alone brings in.
 */
function withAdded(
  result: SolveResult,
  { targets, mode, names, asked, missing, findShared, findAdded }: Asked,
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
  const isAlone = asked.length === 0 || !findAdded;
  const alone = isAlone ? new Set(all) : among(solve(targets));
  const isSharedNeeded = names.length > 0 && (findShared || alone === undefined);
  const shared = (isSharedNeeded ? among(solve(names)) : undefined) ?? new Set();
  return {
    packages: result.packages,
    warnings: result.warnings,
    targets: [...asked, ...targets],
    base: { mode, targets: asked, missing },
    added: alone === undefined ? shared : new Set(all.filter((entry) => !alone.has(entry))),
    shared,
  };
}

/** Codes of errors of the machine or the network, which no package is to blame for. */
const NOT_OF_PACKAGES: readonly ErrorCode[] = ['CANCELLED', 'STORAGE', 'NETWORK', 'AUTH', 'CATALOG'];

/** Adds a hint to an error about a package that only the base brings in: how to leave it out. Returns other errors unchanged. */
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
