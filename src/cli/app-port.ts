import type { ComposeSettings } from '../app/settings.ts';
import type { DistroId } from '../model/package.ts';
import type { Progress } from '../model/progress.ts';
import type {
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  ComposeReport,
  ComposeRequest,
  IndexReport,
  IngestReport,
  PlanReport,
  SourceOptions,
} from '../model/request.ts';

/** The use cases as the commands call them; tests put their own in its place. */
export interface App {
  index(source: SourceOptions): Promise<readonly IndexReport[]>;
  ingest(request: { source: SourceOptions; inputs: readonly string[] }): Promise<readonly IngestReport[]>;
  plan(request: { source: SourceOptions; packages: readonly string[] }): Promise<PlanReport>;
  compose(request: ComposeRequest): Promise<ComposeReport>;
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
    async index(source) {
      const { indexRepositories } = await import('../app/index-repositories.ts');
      return (await context())(options, (ctx) => indexRepositories(ctx, source));
    },
    async ingest(request) {
      const { ingest } = await import('../app/ingest.ts');
      return (await context())(options, (ctx) => ingest(ctx, request));
    },
    async plan(request) {
      const { plan } = await import('../app/plan.ts');
      return (await context())(options, (ctx) => plan(ctx, request));
    },
    async compose(request) {
      const { compose } = await import('../app/compose.ts');
      return (await context())(options, (ctx) => compose(ctx, request));
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
      const { readRecipe } = await import('../app/recipe.ts');
      return readRecipe(path);
    },
    async packageNames(query) {
      if (query.prefix === '') return [];
      const { packageNames } = await import('../app/package-names.ts');
      return (await context())(options, async (ctx) => packageNames(ctx, query));
    },
  };
}
