import './library/node-guard.ts';

/** The library: a function for each use case, named like the command that does it, and the types of their reports. */
export { build, compose, diff, verify } from './library/images.ts';
export {
  compareVersions,
  dependents,
  depends,
  files,
  graph,
  owns,
  plan,
  planner,
  providers,
  search,
  show,
  why,
} from './library/packages.ts';
export {
  artifactFetch,
  artifactPull,
  artifactPush,
  inspect,
  inspectRaw,
  login,
  logout,
  pull,
  push,
  remove,
  tags,
} from './library/registries.ts';
export {
  cacheGc,
  cacheList,
  cacheVerify,
  catalogPull,
  catalogPush,
  index,
  ingest,
  mirrorAdd,
  mirrorList,
} from './library/repositories.ts';
export type {
  ImageRequest,
  ImageSettings,
  PackagesRequest,
  RegistrySettings,
  RunOptions,
  SourceSettings,
  TrustSettings,
} from './library/requests.ts';
export { AppError, type ErrorCode } from './model/app-error.ts';
export type { ArtifactFetchReport, ArtifactPullReport, ArtifactPushReport } from './model/artifact-report.ts';
export type { CatalogPullReport, CatalogPushReport } from './model/catalog-report.ts';
export type { DiffReport } from './model/diff-report.ts';
export type { MirrorAddReport, MirrorListReport } from './model/mirror-report.ts';
export type { DistroId } from './model/package.ts';
export type { FilesReport, OwnsReport, SearchReport, ShowReport } from './model/package-report.ts';
export type { Progress, ProgressTask } from './model/progress.ts';
export type {
  CopyReport,
  InspectReport,
  LoginReport,
  LogoutReport,
  PullReport,
  RemoveReport,
  TagsReport,
} from './model/registry.ts';
export type {
  DependentsReport,
  DependsReport,
  GraphReport,
  ProvidersReport,
  WhyReport,
} from './model/relation-report.ts';
export type {
  BaseMode,
  BaseReport,
  CacheEntryReport,
  CacheGcReport,
  CacheVerifyReport,
  ComposeReport,
  IndexReport,
  IngestReport,
  InstallMode,
  LayerEncoding,
  LayerMode,
  LayerReport,
  MissingBlobReport,
  OutputFormat,
  PlanAnswer,
  PlannedPackage,
  Planner,
  PlanReport,
} from './model/request.ts';
export type { VerifyReport } from './model/verify-report.ts';
