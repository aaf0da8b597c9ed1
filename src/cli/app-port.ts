import type { ArtifactFetchRequest } from '../app/artifact/fetch.ts';
import type { ArtifactPullRequest } from '../app/artifact/pull.ts';
import type { ArtifactPushRequest } from '../app/artifact/push.ts';
import type { InspectRequest } from '../app/images/inspect.ts';
import type { PullRequest } from '../app/images/pull.ts';
import type { PushRequest } from '../app/images/push.ts';
import type { LoginRequest } from '../app/login.ts';
import type { MirrorAddRequest } from '../app/mirror/add.ts';
import type { CatalogPullRequest } from '../app/published-catalog/pull.ts';
import type { CatalogPushRequest } from '../app/published-catalog/push.ts';
import type { DependentsRequest } from '../app/query/dependents.ts';
import type { DependsRequest } from '../app/query/depends.ts';
import type { FilesRequest } from '../app/query/files.ts';
import type { OwnsRequest } from '../app/query/owns.ts';
import type { PlanRequest } from '../app/query/plan.ts';
import type { ProvidersRequest } from '../app/query/providers.ts';
import type { SearchRequest } from '../app/query/search.ts';
import type { GraphRequest } from '../app/query/solved-graph.ts';
import type { WhyRequest } from '../app/query/why.ts';
import type { ComposeSettings } from '../app/settings/settings.ts';
import type { DiffRequest } from '../app/verify/diff.ts';
import type { VerifyRequest } from '../app/verify/verify.ts';
import type {
  ArtifactFetchReport,
  ArtifactPullReport,
  ArtifactPushReport,
} from '../model/artifact-report.ts';
import type { CatalogPullReport, CatalogPushReport } from '../model/catalog-report.ts';
import type { DiffReport } from '../model/diff-report.ts';
import type { MirrorAddReport, MirrorListReport } from '../model/mirror-report.ts';
import type { DistroId } from '../model/package.ts';
import type { FilesReport, OwnsReport, SearchReport, ShowReport } from '../model/package-report.ts';
import type { Progress } from '../model/progress.ts';
import type {
  CopyReport,
  InspectReport,
  LoginReport,
  LogoutReport,
  PullReport,
  RegistryAccess,
  RemoveReport,
  TagsReport,
} from '../model/registry.ts';
import type {
  DependentsReport,
  DependsReport,
  GraphReport,
  ProvidersReport,
  WhyReport,
} from '../model/relation-report.ts';
import type {
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  ComposeReport,
  ComposeRequest,
  IndexReport,
  IngestReport,
  Planner,
  PlanReport,
  SourceOptions,
} from '../model/request.ts';
import type { VerifyReport } from '../model/verify-report.ts';

/** The use cases as the commands call them; tests put their own in its place. */
export interface App {
  index(request: { source: SourceOptions; files: boolean }): Promise<readonly IndexReport[]>;
  ingest(request: { source: SourceOptions; inputs: readonly string[] }): Promise<readonly IngestReport[]>;
  plan(request: PlanRequest): Promise<PlanReport>;
  /** Whoever asks closes it */
  planner(source: SourceOptions): Promise<Planner>;
  compose(request: ComposeRequest): Promise<ComposeReport>;
  depends(request: DependsRequest): Promise<readonly DependsReport[]>;
  dependents(request: DependentsRequest): Promise<DependentsReport>;
  why(request: WhyRequest): Promise<WhyReport>;
  providers(request: ProvidersRequest): Promise<readonly ProvidersReport[]>;
  graph(request: GraphRequest): Promise<GraphReport>;
  search(request: SearchRequest): Promise<SearchReport>;
  show(request: { source: SourceOptions; packages: readonly string[] }): Promise<readonly ShowReport[]>;
  files(request: FilesRequest): Promise<readonly FilesReport[]>;
  owns(request: OwnsRequest): Promise<OwnsReport>;
  verify(request: VerifyRequest): Promise<VerifyReport>;
  diff(request: DiffRequest): Promise<DiffReport>;
  push(request: PushRequest): Promise<CopyReport>;
  pull(request: PullRequest): Promise<PullReport>;
  tags(request: { repository: string; access: RegistryAccess }): Promise<TagsReport>;
  inspect(request: InspectRequest): Promise<InspectReport>;
  /** The manifest's own text */
  inspectRaw(request: Omit<InspectRequest, 'referrers'>): Promise<string>;
  remove(request: { reference: string; access: RegistryAccess }): Promise<RemoveReport>;
  login(request: LoginRequest): Promise<LoginReport>;
  logout(request: { registry: string }): Promise<LogoutReport>;
  artifactPush(request: ArtifactPushRequest): Promise<ArtifactPushReport>;
  artifactPull(request: ArtifactPullRequest): Promise<ArtifactPullReport>;
  artifactFetch(request: ArtifactFetchRequest): Promise<ArtifactFetchReport>;
  catalogPush(request: CatalogPushRequest): Promise<CatalogPushReport>;
  catalogPull(request: CatalogPullRequest): Promise<CatalogPullReport>;
  mirrorAdd(request: MirrorAddRequest): Promise<MirrorAddReport>;
  mirrorList(request: { mirror: string; access: RegistryAccess }): Promise<MirrorListReport>;
  cacheList(): Promise<readonly CacheEntryReport[]>;
  cacheVerify(options: { repair: boolean }): Promise<CacheVerifyReport>;
  cacheGc(options: { maxSizeBytes: number | undefined }): Promise<CacheGcReport>;
  readRecipe(path: string): Promise<ComposeSettings>;
  /** For completion */
  packageNames(query: { distro: DistroId; prefix: string }): Promise<readonly string[]>;
}

export interface AppOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Empty: the default place */
  readonly cacheDirectory: string;
}

/** The real use cases. Each is imported when it is called: no command loads what it doesn't use. */
export function createApp({ env, progress, signal, cacheDirectory }: AppOptions): App {
  const options = { env, progress, signal, ...(cacheDirectory === '' ? {} : { cacheDirectory }) };
  const context = async () => (await import('../app/context.ts')).withContext;
  return {
    async index({ source, files }) {
      const { indexRepositories } = await import('../app/repositories/index-repositories.ts');
      return (await context())(options, (ctx) => indexRepositories(ctx, source, { files }));
    },
    async ingest(request) {
      const { ingest } = await import('../app/archives/ingest.ts');
      return (await context())(options, (ctx) => ingest(ctx, request));
    },
    async plan(request) {
      const { plan } = await import('../app/query/plan.ts');
      return (await context())(options, (ctx) => plan(ctx, request));
    },
    async planner(source) {
      const { openPlanner } = await import('../app/query/planner.ts');
      return openPlanner(options, source);
    },
    async compose(request) {
      const { compose } = await import('../app/compose/compose.ts');
      return (await context())(options, (ctx) => compose(ctx, request));
    },
    async depends(request) {
      const { depends } = await import('../app/query/depends.ts');
      return (await context())(options, (ctx) => depends(ctx, request));
    },
    async dependents(request) {
      const { dependents } = await import('../app/query/dependents.ts');
      return (await context())(options, (ctx) => dependents(ctx, request));
    },
    async why(request) {
      const { why } = await import('../app/query/why.ts');
      return (await context())(options, (ctx) => why(ctx, request));
    },
    async providers(request) {
      const { providers } = await import('../app/query/providers.ts');
      return (await context())(options, (ctx) => providers(ctx, request));
    },
    async graph(request) {
      const { solvedGraph } = await import('../app/query/solved-graph.ts');
      return (await context())(options, (ctx) => solvedGraph(ctx, request));
    },
    async search(request) {
      const { search } = await import('../app/query/search.ts');
      return (await context())(options, (ctx) => search(ctx, request));
    },
    async show(request) {
      const { show } = await import('../app/query/show.ts');
      return (await context())(options, (ctx) => show(ctx, request));
    },
    async files(request) {
      const { files } = await import('../app/query/files.ts');
      return (await context())(options, (ctx) => files(ctx, request));
    },
    async owns(request) {
      const { owns } = await import('../app/query/owns.ts');
      return (await context())(options, (ctx) => owns(ctx, request));
    },
    async verify(request) {
      const { verify } = await import('../app/verify/verify.ts');
      return (await context())(options, (ctx) => verify(ctx, request));
    },
    async diff(request) {
      const { diff } = await import('../app/verify/diff.ts');
      return diff(request, { env, progress, signal });
    },
    async push(request) {
      const { push } = await import('../app/images/push.ts');
      return (await context())(options, (ctx) => push(ctx, request));
    },
    async pull(request) {
      const { pull } = await import('../app/images/pull.ts');
      return (await context())(options, (ctx) => pull(ctx, request));
    },
    async tags(request) {
      const { tags } = await import('../app/images/tags.ts');
      return tags(options, request);
    },
    async inspect(request) {
      const { inspect } = await import('../app/images/inspect.ts');
      return inspect(options, request);
    },
    async inspectRaw(request) {
      const { inspectRaw } = await import('../app/images/inspect.ts');
      return inspectRaw(options, request);
    },
    async remove(request) {
      const { remove } = await import('../app/images/remove.ts');
      return remove(options, request);
    },
    async login(request) {
      const { login } = await import('../app/login.ts');
      return login(options, request);
    },
    async logout(request) {
      const { logout } = await import('../app/login.ts');
      return logout(options, request);
    },
    async artifactPush(request) {
      const { pushArtifact } = await import('../app/artifact/push.ts');
      return pushArtifact(options, request);
    },
    async artifactPull(request) {
      const { pullArtifact } = await import('../app/artifact/pull.ts');
      return pullArtifact(options, request);
    },
    async artifactFetch(request) {
      const { fetchArtifact } = await import('../app/artifact/fetch.ts');
      return fetchArtifact(options, request);
    },
    async catalogPush(request) {
      const { pushCatalog } = await import('../app/published-catalog/push.ts');
      return (await context())(options, (ctx) => pushCatalog(ctx, request));
    },
    async catalogPull(request) {
      const { pullCatalog } = await import('../app/published-catalog/pull.ts');
      return (await context())(options, (ctx) => pullCatalog(ctx, request));
    },
    async mirrorAdd(request) {
      const { mirrorAdd } = await import('../app/mirror/add.ts');
      return (await context())(options, (ctx) => mirrorAdd(ctx, request));
    },
    async mirrorList(request) {
      const { mirrorList } = await import('../app/mirror/list.ts');
      return mirrorList(options, request);
    },
    async cacheList() {
      const { cacheList } = await import('../app/cache.ts');
      return (await context())(options, (ctx) => cacheList(ctx));
    },
    async cacheVerify(request) {
      const { cacheVerify } = await import('../app/cache.ts');
      return (await context())(options, (ctx) => cacheVerify(ctx, request));
    },
    async cacheGc(request) {
      const { cacheGc } = await import('../app/cache.ts');
      return (await context())(options, (ctx) => cacheGc(ctx, request));
    },
    async readRecipe(path) {
      const { readRecipe } = await import('../app/settings/recipe.ts');
      return readRecipe(path);
    },
    async packageNames(query) {
      if (query.prefix === '') return [];
      const { packageNames } = await import('../app/query/package-names.ts');
      return (await context())(options, async (ctx) => packageNames(ctx, query));
    },
  };
}
