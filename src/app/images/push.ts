import { AppError, isAppError } from '../../model/app-error.ts';
import { fullName, parseReference, type Reference, type Repository } from '../../model/reference.ts';
import type { CopyReport, PushReport, PushTarget, RegistryAccess } from '../../model/registry.ts';
import { required } from '../../model/required.ts';
import type { Image } from '../../output/image.ts';
import { chooseManifest, contentsOf, type ImageContents, readContents } from '../../output/image-content.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { Context } from '../context.ts';
import { packageStore, storeRepository } from '../package-store/package-store.ts';
import { withRegistries } from '../registries/sessions.ts';
import { type ImageArgument, isPath, openContentArgument } from './image-argument.ts';
import { pushContents } from './push-contents.ts';

/** Request of `push`. */
export interface PushRequest extends ImageArgument {
  readonly to: string;
  readonly access: RegistryAccess;
  /** As in PushTarget */
  readonly store?: string | undefined;
}

/**
 * Pushes an image, or an index with all its images, from wherever it is kept to a registry.
 * @throws AppError as openContentArgument and pushContents
 */
export async function push(context: Context, request: PushRequest): Promise<CopyReport> {
  const to = placeToPush(request);
  return withRegistries(context, request, async (session) => {
    const { content, reference: from } = await openContentArgument(session, request);
    const root = request.platform === '' ? content.root : await chooseManifest(content, request.platform);
    const contents = await readContents(content, root);
    const { store } = request;
    const reports = await pushAll(context, session, { contents, references: [to], from, store });
    return { from: request.image, pushed: required(reports, 0) };
  });
}

/** Parses the destination. @throws AppError USAGE if it is not a name, or if the two arguments are swapped */
function placeToPush({ image, to }: PushRequest): Reference {
  if (isPath(image.replace(/#.*$/s, '')) || !isPath(to)) return parseReference(to);
  throw new AppError('USAGE', `push: expected an image name in a registry, got the file ${to}`, {
    hint: `Put the image first: compose push ${to} ${image}`,
  });
}

/** Pushes a composed image under every name. @throws AppError as pushContents */
export async function pushComposed(
  context: Context,
  image: Image,
  { references, access, store }: PushTarget,
): Promise<readonly PushReport[]> {
  const contents = contentsFetchedOnDemand(context, image);
  return withRegistries(context, { access }, (session) =>
    pushAll(context, session, { contents, references: references.map(parseReference), store }),
  );
}

/** Returns the image's contents. Layers that are not in the cache are fetched when their bytes are needed. */
function contentsFetchedOnDemand({ remote }: Context, image: Image): ImageContents {
  const contents = contentsOf(image);
  if (remote === undefined) return contents;
  return {
    ...contents,
    async *blob(descriptor, offset) {
      if (descriptor.digest !== image.config.digest) await remote.ensureLocal(descriptor);
      yield* contents.blob(descriptor, offset);
    },
  };
}

interface PushAllOptions {
  readonly contents: ImageContents;
  readonly references: readonly Reference[];
  /** Source of the contents, if that is a registry */
  readonly from?: Repository | undefined;
  readonly store: string | undefined;
}

async function pushAll(
  context: Context,
  session: RegistrySession,
  { contents, references, from, store: named }: PushAllOptions,
): Promise<readonly PushReport[]> {
  const { progress, catalog } = context;
  const packages = storeRepository(context, named);
  const store = packages === undefined ? undefined : packageStore(session, packages, progress);
  if (store !== undefined && references.some(({ domain }) => domain !== store.repository.domain)) {
    progress.note(
      `the package store ${fullName(store.repository)} is in another registry; its packages are copied instead of mounted`,
    );
  }
  const seen = catalog.pushedBlobs();
  const reports: PushReport[] = [];
  const filled = new Set(from === undefined ? [] : [placeOf(from)]);
  for (const to of references) {
    const pushed = await pushContents(session, {
      contents,
      to,
      progress,
      store,
      blobsThere: filled.has(placeOf(to)),
      mountFrom: (digest) => (from?.domain === to.domain ? from.path : seen.find(to.domain, digest)),
    });
    reports.push(pushed);
    filled.add(placeOf(to));
    if (pushed.changed) remember(context, to, contents);
  }
  return reports;
}

const placeOf = ({ domain, path }: Repository): string => `${domain}/${path}`;

/** Stores a hint for the next push; if that fails, this push still succeeds. */
function remember({ catalog, progress }: Context, to: Repository, { blobs }: ImageContents): void {
  const digests = blobs.map(({ digest }) => digest);
  try {
    catalog.transaction(() => catalog.pushedBlobs().put(to, digests));
  } catch (error) {
    if (!isAppError(error)) throw error;
    progress.note(`could not record where blobs were pushed: ${error.message}`);
  }
}
