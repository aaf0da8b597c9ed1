import type { Context, ContextOptions } from './app/context.ts';
import type { DistroId } from './model/package.ts';
import type { CacheEntryReport, SourceOptions } from './model/request.ts';

/** A use case: does one thing, which its file in src/app describes. @throws AppError */
export type UseCase<Request, Report> = (options: ContextOptions, request: Request) => Promise<Report>;

/** A use case that works with the catalog and the cache, which are opened for it and closed after it. */
function withCatalog<Request, Report>(
  load: () => Promise<(context: Context, request: Request) => Promise<Report> | Report>,
): UseCase<Request, Report> {
  return async (options, request) => {
    const run = await load();
    const { withContext } = await import('./app/context.ts');
    return withContext(options, async (context) => run(context, request));
  };
}

/** A use case that needs no catalog, or opens it by itself. */
function withoutCatalog<Request, Report>(
  load: () => Promise<UseCase<Request, Report>>,
): UseCase<Request, Report> {
  return async (options, request) => (await load())(options, request);
}

const packageNames = withCatalog(async () => (await import('./app/query/package-names.ts')).packageNames);

/**
 * Everything that pkgcompose does, for the command line (App) and for the library (index.ts). Each use case is imported when it
 * is called, so that no command loads what it does not use.
 */
export const USE_CASES = {
  index: withCatalog(async () => {
    const { indexRepositories } = await import('./app/repositories/index-repositories.ts');
    return (context, { source, files }: { source: SourceOptions; files: boolean }) =>
      indexRepositories(context, source, { files });
  }),
  ingest: withCatalog(async () => (await import('./app/archives/ingest.ts')).ingest),
  plan: withCatalog(async () => (await import('./app/query/plan.ts')).plan),
  /** The caller closes the planner. */
  planner: withoutCatalog(async () => (await import('./app/query/planner.ts')).openPlanner),
  compose: withCatalog(async () => (await import('./app/compose/compose.ts')).compose),
  depends: withCatalog(async () => (await import('./app/query/depends.ts')).depends),
  dependents: withCatalog(async () => (await import('./app/query/dependents.ts')).dependents),
  why: withCatalog(async () => (await import('./app/query/why.ts')).why),
  providers: withCatalog(async () => (await import('./app/query/providers.ts')).providers),
  graph: withCatalog(async () => (await import('./app/query/solved-graph.ts')).solvedGraph),
  search: withCatalog(async () => (await import('./app/query/search.ts')).search),
  show: withCatalog(async () => (await import('./app/query/show.ts')).show),
  files: withCatalog(async () => (await import('./app/query/files.ts')).files),
  owns: withCatalog(async () => (await import('./app/query/owns.ts')).owns),
  verify: withCatalog(async () => (await import('./app/verify/verify.ts')).verify),
  diff: withoutCatalog(async () => (await import('./app/verify/diff.ts')).diff),
  push: withCatalog(async () => (await import('./app/images/push.ts')).push),
  pull: withCatalog(async () => (await import('./app/images/pull.ts')).pull),
  tags: withoutCatalog(async () => (await import('./app/images/tags.ts')).tags),
  inspect: withoutCatalog(async () => (await import('./app/images/inspect.ts')).inspect),
  /** The manifest's own text */
  inspectRaw: withoutCatalog(async () => (await import('./app/images/inspect.ts')).inspectRaw),
  remove: withoutCatalog(async () => (await import('./app/images/remove.ts')).remove),
  login: withoutCatalog(async () => (await import('./app/registries/login.ts')).login),
  logout: withoutCatalog(async () => (await import('./app/registries/login.ts')).logout),
  artifactPush: withoutCatalog(async () => (await import('./app/artifact/push.ts')).pushArtifact),
  artifactPull: withoutCatalog(async () => (await import('./app/artifact/pull.ts')).pullArtifact),
  artifactFetch: withoutCatalog(async () => (await import('./app/artifact/fetch.ts')).fetchArtifact),
  catalogPush: withCatalog(async () => (await import('./app/published-catalog/push.ts')).pushCatalog),
  catalogPull: withCatalog(async () => (await import('./app/published-catalog/pull.ts')).pullCatalog),
  mirrorAdd: withCatalog(async () => (await import('./app/mirror/add.ts')).mirrorAdd),
  mirrorList: withoutCatalog(async () => (await import('./app/mirror/list.ts')).mirrorList),
  cacheList: withCatalog<void, readonly CacheEntryReport[]>(
    async () => (await import('./app/cache/cache.ts')).cacheList,
  ),
  cacheVerify: withCatalog(async () => (await import('./app/cache/cache.ts')).cacheVerify),
  cacheGc: withCatalog(async () => (await import('./app/cache/cache.ts')).cacheGc),
  readRecipe: withoutCatalog(async () => {
    const { readRecipe } = await import('./app/settings/recipe.ts');
    return (_, path: string) => readRecipe(path);
  }),
  /** Known names that start with `prefix`, for completion; without a prefix, no catalog is opened. */
  async packageNames(
    options: ContextOptions,
    query: { readonly distro: DistroId; readonly prefix: string },
  ): Promise<readonly string[]> {
    return query.prefix === '' ? [] : packageNames(options, query);
  },
};

/** What only the server does, on its worker threads. */
export const SERVER_USE_CASES = {
  composeContent: withCatalog(async () => (await import('./app/compose/compose-content.ts')).composeContent),
  keepImage: withCatalog(async () => (await import('./app/compose/keep-image.ts')).keepImage),
  archivePlaces: withCatalog(async () => (await import('./app/compose/archive-places.ts')).archivePlaces),
  fetchArchiveOf: withCatalog(async () => (await import('./app/compose/archive-places.ts')).fetchArchiveOf),
  takeBlob: withCatalog(async () => (await import('./app/compose/archive-places.ts')).takeBlob),
  sourceState: withCatalog(async () => (await import('./app/repositories/source-state.ts')).sourceState),
  servedRecipe: withoutCatalog(async () => (await import('./app/settings/served-recipe.ts')).servedRecipe),
  servedMirror: withCatalog(async () => (await import('./app/mirror/served-mirror.ts')).servedMirror),
  servedFileLists: withCatalog(async () => (await import('./app/mirror/served-mirror.ts')).servedFileLists),
  servedPackage: withCatalog(async () => (await import('./app/mirror/served-package.ts')).servedPackage),
  ingestServed: withCatalog(async () => (await import('./app/mirror/served-package.ts')).ingestServed),
};

/** The use cases as the commands call them; tests put their own in their place. */
export type App = {
  readonly [Name in keyof typeof USE_CASES]: (typeof USE_CASES)[Name] extends UseCase<
    infer Request,
    infer Report
  >
    ? (request: Request) => Promise<Report>
    : never;
};

/** Binds the use cases to what they run with. */
export function createApp(options: ContextOptions): App {
  const bound = Object.entries(USE_CASES).map(([name, useCase]) => [
    name,
    (request: never) => useCase(options, request as never),
  ]);
  return Object.fromEntries(bound) as App;
}
