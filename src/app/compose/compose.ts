import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { MEDIA_TYPES } from '../../model/media-types.ts';
import type { PushTarget } from '../../model/registry.ts';
import type { ComposeReport, ComposeRequest, LayerReport, PlanReport } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { cachedDigests } from '../archives/indexed-archives.ts';
import { withIntactBlobs } from '../cache/intact-blobs.ts';
import type { Context } from '../context.ts';
import { planReport } from '../query/plan.ts';
import { blamingBase } from '../repositories/base.ts';
import type { Lookup } from '../repositories/lookup.ts';
import { openLookup } from '../repositories/open-lookup.ts';
import { type Resolution, resolveIn } from '../repositories/resolve.ts';
import { deliver, layerEncodingFor } from './deliver-image.ts';
import { cachedImage, cacheImage, imageKey, type PlannedImage } from './image-cache.ts';

/** Number of packages that a note lists; `--json` has them all. */
const MAX_NAMED = 6;

/**
 * Resolves a request, fetches missing archives, computes the image, and writes, loads and pushes it. An image that was composed
 * before is not even resolved again.
 * @throws AppError of every code
 */
export async function compose(context: Context, request: ComposeRequest): Promise<ComposeReport> {
  if (request.packages.length === 0)
    throw new AppError('USAGE', 'no packages: expected at least one package name, got none');
  const lookup = await openLookup(context, request.source);
  const { load } = request.output;
  const push = await pushThroughStore(context, request);
  if (!request.dryRun && load === undefined && push === undefined)
    return composeFrom(context, { request, lookup });
  const resolution = await resolutionOf(context, lookup, request);
  if (request.dryRun) {
    return { ...emptyReport, plan: planReport(context, resolution), tags: tagsOf(request) };
  }
  const planned = { request, lookup, resolved: { resolution, plan: planReport(context, resolution) } };
  if (push === undefined) return composeFrom(context, planned);
  const { withRemoteBlobs } = await import('../package-store/remote-blobs.ts');
  return withRemoteBlobs(context, { push, resolution }, (context) => composeFrom(context, planned));
}

/** Returns the push of an image that goes nowhere else, if it goes through a package store: that may have what the cache has not. */
async function pushThroughStore(
  context: Context,
  { output: { path, load, push } }: ComposeRequest,
): Promise<PushTarget | undefined> {
  if (push === undefined || path !== undefined || load !== undefined) return undefined;
  const { storeRepository } = await import('../package-store/package-store.ts');
  return storeRepository(context, push.store) === undefined ? undefined : push;
}

function resolutionOf(context: Context, lookup: Lookup, request: ComposeRequest): Promise<Resolution> {
  return resolveIn(context, lookup, { ...request, findShared: request.layers === 'auto' });
}

/** A request, its repositories, and its solution if that is needed even for an image that was composed before. */
interface ComposeInput {
  readonly request: ComposeRequest;
  readonly lookup: Lookup;
  readonly resolved?: Resolved;
}

interface Resolved {
  readonly resolution: Resolution;
  readonly plan: PlanReport;
}

async function composeFrom(context: Context, input: ComposeInput): Promise<ComposeReport> {
  const { request, lookup } = input;
  const encoding = await layerEncodingFor(context, request);
  const tags = tagsOf(request);
  const key = imageKey(context, { request, lookup, encoding });
  let { resolved } = input;
  return withIntactBlobs(context, async () => {
    const known = key === undefined ? undefined : cachedImage(context, key, { lookup, tags });
    if (known !== undefined) return delivered(context, request, known);
    if (resolved === undefined) {
      const resolution = await resolutionOf(context, lookup, request);
      resolved = { resolution, plan: planReport(context, resolution) };
    }
    const { resolution, plan } = resolved;
    const facts = await archivesOf(context, request, resolution);
    const { buildImage } = await import('./build-image.ts');
    const built = await buildImage(context, { request, resolution, facts, encoding, tags });
    if (key !== undefined) cacheImage(context, key, { lookup, resolution, plan, built });
    return delivered(context, request, { plan, built });
  });
}

async function delivered(
  context: Context,
  request: ComposeRequest,
  { plan, built }: PlannedImage,
): Promise<ComposeReport> {
  const { image, layers, pendingSteps, runs } = built;
  const delivery = await deliver(context, request, image);
  return {
    plan,
    tags: image.tags,
    digest: image.manifestDigest,
    imageId: image.config.digest,
    layers,
    sizeBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    ...delivery,
    left: pendingSteps,
    runs,
    notes: [
      ...notesOf(layers, delivery.loadedInto !== undefined),
      ...notesOnScripts(pendingSteps),
      ...built.notes,
    ],
  };
}

function tagsOf({ tags, output, packages }: ComposeRequest): readonly string[] {
  if (tags.length > 0) return tags;
  return output.push?.references ?? [defaultTag(required(packages, 0))];
}

async function archivesOf(
  context: Context,
  { output: { push } }: ComposeRequest,
  resolution: Resolution,
): Promise<readonly ArchiveFacts[]> {
  const entries = resolution.packages.map((solved) => solved.package);
  const isMissing = () => cachedDigests(context, resolution.sources, entries).includes(undefined);
  if (push !== undefined && isMissing()) {
    const { expectRegistries } = await import('../images/expect-registries.ts');
    await expectRegistries(context, push);
  }
  const { fetchArchives } = await import('../archives/fetch-archives.ts');
  return fetchArchives(context, resolution.sources, {
    packages: entries,
    repositories: resolution.repositories,
  }).catch((error: unknown) => {
    throw blamingBase(error, resolution);
  });
}

/**
 * Makes an image name: `libstdc++>6` → `pkgcompose/libstdcxx:latest`, `core/bash` → `pkgcompose/bash:latest`. Engines accept
 * lower-case letters, digits and single separators.
 */
function defaultTag(target: string): string {
  const name = target
    .replace(/[<>=~@].*$/s, '')
    .replace(/^.*\//, '')
    .toLowerCase()
    .replaceAll('+', 'x')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `pkgcompose/${name === '' ? 'image' : name}:latest`;
}

/** Notes which layers are not the distribution's own bytes, one line per reason, and which an engine may not be able to read. */
function notesOf(layers: readonly LayerReport[], loaded: boolean): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { kind, derived, packages } of layers) {
    if (kind !== 'package' || derived === '') continue;
    byReason.set(derived, [...(byReason.get(derived) ?? []), ...packages]);
  }
  const notes = [...byReason].map(
    ([reason, names]) => `no longer byte-identical to the archive (${reason}): ${enumerate(names)}`,
  );
  if (!loaded && layers.some((layer) => layer.mediaType === MEDIA_TYPES.layerZstd)) {
    notes.push(
      'this image has zstd layers, which Docker before 23 cannot read; use --layer-encoding gzip for it',
    );
  }
  return notes;
}

function notesOnScripts(pendingSteps: readonly string[]): readonly string[] {
  return pendingSteps.length === 0
    ? []
    : [`still to run, with RUN /.pkg/install.sh: ${enumerate(pendingSteps)}`];
}

function enumerate(names: readonly string[]): string {
  if (names.length <= MAX_NAMED + 1) return names.join(', ');
  return `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`;
}

const emptyReport = {
  digest: undefined,
  imageId: undefined,
  layers: [],
  sizeBytes: 0,
  output: undefined,
  loadedInto: undefined,
  pushed: [],
  left: [],
  runs: false,
  notes: [],
} satisfies Omit<ComposeReport, 'plan' | 'tags'>;
