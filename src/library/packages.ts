import * as read from '../app/settings/setting-values.ts';
import { BASE_MODES } from '../app/settings/settings.ts';
import type { FilesReport, OwnsReport, SearchReport, ShowReport } from '../model/package-report.ts';
import type {
  DependentsReport,
  DependsReport,
  GraphReport,
  ProvidersReport,
  WhyReport,
} from '../model/relation-report.ts';
import type { BaseMode, Planner, PlanReport } from '../model/request.ts';
import { USE_CASES } from '../use-cases.ts';
import * as field from './read-request.ts';
import type { PackagesRequest, RunOptions, SourceSettings } from './requests.ts';
import { run } from './run.ts';

const DEFAULT_LIMIT = 50;

const base = field.single((texts, where) => read.choice(BASE_MODES, texts, where), undefined);

/**
 * Lists what would be installed, in install order; downloads no packages.
 * @example
 * const { packages, downloadBytes } = await plan({ packages: ['git'] });
 */
export function plan(
  request: PackagesRequest & {
    /** Packages to add for a usable image; default: `minimal` */
    readonly base?: BaseMode;
  },
  options?: RunOptions,
): Promise<PlanReport> {
  return run(USE_CASES.plan, options, () => field.withSource(request, { packages: field.packages, base }));
}

/**
 * Opens a planner, which answers thousands of plans over one state of the repositories; the caller closes it.
 * @example
 * const open = await planner({ distro: 'alpine' });
 * const answers = [['git'], ['jq', 'git']].map((packages) => open.plan(packages));
 * open.close();
 */
export function planner(request: SourceSettings = {}, options?: RunOptions): Promise<Planner> {
  return run(USE_CASES.planner, options, () => field.withSource(request, {}).source);
}

/**
 * Finds packages whose name, description or provided names match all words, best first; at most 50, unless `limit` is given (`Infinity` for all).
 * @example
 * const { packages } = await search({ words: ['git'], limit: 5 });
 */
export function search(
  request: SourceSettings & {
    /** Parts of names, commands, libraries, words of descriptions, or globs such as `py3-*`; all must match */
    readonly words: string | readonly string[];
    /** Treat the words as regular expressions (JavaScript) */
    readonly regex?: boolean;
    /** Maximum number of packages; default: 50; Infinity: all */
    readonly limit?: number;
  },
  options?: RunOptions,
): Promise<SearchReport> {
  return run(USE_CASES.search, options, () =>
    field.withSource(request, { words: field.texts, regex: field.flag, limit: field.count(DEFAULT_LIMIT) }),
  );
}

/**
 * Returns everything that is known about packages, in every repository and in the cache.
 * @example
 * const [{ packages }] = await show({ packages: ['git'] });
 */
export function show(request: PackagesRequest, options?: RunOptions): Promise<readonly ShowReport[]> {
  return run(USE_CASES.show, options, () => field.withSource(request, { packages: field.packages }));
}

/**
 * Lists the files that packages ship; with `details`, also types, modes, sizes and link targets.
 * @example
 * const [{ paths }] = await files({ packages: ['git'] });
 */
export function files(
  request: PackagesRequest & {
    /** Also types, modes, sizes and link targets, which only the archives have */
    readonly details?: boolean;
  },
  options?: RunOptions,
): Promise<readonly FilesReport[]> {
  return run(USE_CASES.files, options, () =>
    field.withSource(request, { packages: field.packages, details: field.flag }),
  );
}

/**
 * Finds the packages that ship paths, among those whose files are known.
 * @example
 * const { owners } = await owns({ paths: ['/usr/bin/git'] });
 */
export function owns(
  request: SourceSettings & {
    /** `/usr/bin/git`, `usr/lib/` (a directory), `git` (in any folder), `usr/lib/*.so` */
    readonly paths: string | readonly string[];
  },
  options?: RunOptions,
): Promise<OwnsReport> {
  return run(USE_CASES.owns, options, () => field.withSource(request, { paths: field.texts }));
}

/**
 * Lists the dependencies of packages and what each alone resolves to.
 * @example
 * const [{ relations }] = await depends({ packages: ['git'] });
 */
export function depends(
  request: PackagesRequest & {
    /** Include optional dependencies (Arch) */
    readonly optional?: boolean;
  },
  options?: RunOptions,
): Promise<readonly DependsReport[]> {
  return run(USE_CASES.depends, options, () =>
    field.withSource(request, { packages: field.packages, optional: field.flag }),
  );
}

/**
 * Lists what depends on a package or on a name that packages provide, as `compose rdepends` does; `depth` is 1 by default.
 * @example
 * const { dependents: users } = await dependents({ name: 'zlib', depth: Infinity });
 */
export function dependents(
  request: SourceSettings & {
    /** A package, or a name that packages provide */
    readonly name: string;
    /** Levels to follow; default: 1; Infinity: all */
    readonly depth?: number;
    /** Include optional dependencies (Arch) */
    readonly optional?: boolean;
  },
  options?: RunOptions,
): Promise<DependentsReport> {
  return run(USE_CASES.dependents, options, () =>
    field.withSource(request, { name: field.text, depth: field.count(1), optional: field.flag }),
  );
}

/**
 * Explains why a package would be installed with others; with `all`, by a chain for every relation that requires it.
 * @example
 * const { chains } = await why({ name: 'zlib', in: ['git'] });
 */
export function why(
  request: SourceSettings & {
    /** A package, or a name that packages provide: `so:libcurl.so.4` */
    readonly name: string;
    /** Packages that are installed together */
    readonly in: string | readonly string[];
    /** A chain for every relation that requires the package, not just the shortest */
    readonly all?: boolean;
  },
  options?: RunOptions,
): Promise<WhyReport> {
  return run(USE_CASES.why, options, () => {
    const fields = { name: field.text, in: field.packages, all: field.flag };
    const { in: targets, ...rest } = field.withSource(request, fields);
    return { ...rest, targets };
  });
}

/**
 * Lists the packages that provide a name, and the one that would be installed for it.
 * @example
 * const [{ providers: candidates }] = await providers({ name: 'cmd:git' });
 */
export function providers(
  request: SourceSettings & {
    /** `so:libssl.so.3`, `cmd:git`, `so:libssl*` */
    readonly name: string;
  },
  options?: RunOptions,
): Promise<readonly ProvidersReport[]> {
  return run(USE_CASES.providers, options, () => field.withSource(request, { name: field.text }));
}

/**
 * Resolves packages into a graph: the set that would be installed, and which relation leads to which package.
 * @example
 * const { packages, edges } = await graph({ packages: ['git'] });
 */
export function graph(
  request: PackagesRequest & {
    /** Levels to follow from the packages; default: Infinity */
    readonly depth?: number;
  },
  options?: RunOptions,
): Promise<GraphReport> {
  return run(USE_CASES.graph, options, () =>
    field.withSource(request, { packages: field.packages, depth: field.count(Number.POSITIVE_INFINITY) }),
  );
}

/**
 * Compares two versions as the package manager does.
 * @example
 * const order = await compareVersions({ a: '1.2.3_rc1', b: '1.2.3', distro: 'alpine' }); // '<'
 */
export function compareVersions(
  request: Pick<SourceSettings, 'distro' | 'release' | 'solver'> & { readonly a: string; readonly b: string },
  options?: RunOptions,
): Promise<'<' | '=' | '>'> {
  const names = ['distro', 'release', 'solver'];
  return run(
    async (_, { a, b, source }) => {
      const { versionRules } = await import('../app/query/compare-versions.ts');
      return (await versionRules(source)).order(a, b);
    },
    options,
    () => field.withSource(request, { a: field.text, b: field.text }, names),
  );
}
