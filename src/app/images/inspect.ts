import { ANNOTATIONS } from '../../compose/annotations.ts';
import { isAppError } from '../../model/app-error.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Digest } from '../../model/digest.ts';
import { platformText } from '../../model/platform.ts';
import type { InspectedImage, InspectedLayer, InspectReport, RegistryAccess } from '../../model/registry.ts';
import { isIndex } from '../../output/choose-image.ts';
import {
  type ContentReader,
  chooseManifest,
  type Document,
  readSmallBlob,
} from '../../output/image-content.ts';
import {
  parseConfig,
  parseDescriptors,
  parseManifest,
  parseObject,
  platformOfConfig,
} from '../../output/image-json.ts';
import { readManifestFacts, referrerDescriptor } from '../../registry/manifest-json.ts';
import { listReferrers } from '../../registry/referrers.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';
import {
  addressOf,
  type ContentArgument,
  type ImageArgument,
  openContentArgument,
} from './image-argument.ts';
import { packagesOfPurls } from './image-packages.ts';

/** OCI image-spec "Pre-Defined Annotation Keys": here, the file name in an artifact. */
const TITLE = 'org.opencontainers.image.title';

/** Request of `inspect`. */
export interface InspectRequest extends ImageArgument {
  readonly referrers: boolean;
  readonly access: RegistryAccess;
}

/**
 * Describes an image, an index of images or an artifact, wherever it is kept, without reading its layers. In an index, `platform`
 * selects the image; without it, the index itself is described.
 * @throws AppError as openContentArgument and chooseManifest
 */
export async function inspect(context: RegistryContext, request: InspectRequest): Promise<InspectReport> {
  return withRegistries(context, request, async (session) => {
    const argument = await openContentArgument(session, request);
    const { content } = argument;
    const shown = await documentOf(content, request.platform);
    const { digest, mediaType } = shown.descriptor;
    const { artifactType } = parseObject(shown.bytes, `manifest ${digest}`);
    return {
      reference: addressOf(argument, digest),
      digest,
      mediaType,
      index: shown === content.root ? null : content.root.descriptor.digest,
      artifactType: typeof artifactType === 'string' ? artifactType : null,
      ...(isIndex(shown.descriptor) ? indexFacts(shown) : await manifestFacts(content, shown)),
      referrers: request.referrers ? await referrersOf(session, argument, digest) : null,
    };
  });
}

/**
 * Returns the text of the manifest or index, whose UTF-8 bytes are the document.
 * @throws AppError BAD_ARCHIVE if it is not UTF-8; as openContentArgument
 */
export async function inspectRaw(
  context: RegistryContext,
  request: Omit<InspectRequest, 'referrers'>,
): Promise<string> {
  return withRegistries(context, request, async (session) => {
    const { content } = await openContentArgument(session, request);
    const { descriptor, bytes } = await documentOf(content, request.platform);
    parseObject(bytes, `manifest ${descriptor.digest}`);
    return Buffer.from(bytes).toString('utf8');
  });
}

async function referrersOf(
  session: RegistrySession,
  { content, reference }: ContentArgument,
  of: Digest,
): Promise<readonly Descriptor[]> {
  if (reference !== undefined) return listReferrers(session, reference, { of });
  const found: Descriptor[] = [];
  for (const descriptor of await content.documents()) {
    const bytes = await content.document(descriptor);
    const { mediaType, digest } = descriptor;
    const facts = readManifestFacts(bytes, mediaType, `manifest ${digest}`);
    if (facts.subject?.digest === of) found.push(referrerDescriptor(bytes, mediaType, facts));
  }
  return found;
}

function documentOf(content: ContentReader, platform: string): Promise<Document> | Document {
  return platform === '' ? content.root : chooseManifest(content, platform);
}

type Facts = Pick<
  InspectReport,
  'annotations' | 'images' | 'platform' | 'config' | 'configuration' | 'layers' | 'sizeBytes'
>;

function indexFacts({ descriptor, bytes }: Document): Facts {
  const where = `index ${descriptor.digest}`;
  const json = parseObject(bytes, where);
  const images = parseDescriptors(json.manifests, `${where}: manifests`).map(
    ({ digest, platform, size }): InspectedImage => ({
      digest,
      platform: platform === undefined ? '' : platformText(platform),
      sizeBytes: size,
    }),
  );
  const annotations = (json.annotations ?? {}) as Facts['annotations'];
  return { annotations, images, platform: null, config: null, configuration: null, layers: [], sizeBytes: 0 };
}

async function manifestFacts(content: ContentReader, { descriptor, bytes }: Document): Promise<Facts> {
  const { config, layers, annotations } = parseManifest(bytes, `manifest ${descriptor.digest}`);
  const sizes = new Map(layers.map(({ digest, size }) => [digest, size]));
  return {
    annotations,
    images: [],
    ...(await configFacts(content, config)),
    config,
    layers: layers.map(layerOf),
    sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
  };
}

/** Reads the config of an image; the config of an artifact may be anything. */
async function configFacts(
  content: ContentReader,
  config: Descriptor,
): Promise<Pick<Facts, 'platform' | 'configuration'>> {
  const bytes = await readSmallBlob(content, config);
  try {
    const parsed = parseConfig(bytes, `config ${config.digest}`);
    return { platform: platformText(platformOfConfig(parsed)), configuration: parsed.json };
  } catch (error) {
    if (!isAppError(error, 'BAD_ARCHIVE')) throw error;
    return { platform: null, configuration: null };
  }
}

function layerOf({ digest, mediaType, size, annotations = {} }: Descriptor): InspectedLayer {
  const packages = packagesOfPurls(annotations[ANNOTATIONS.purl] ?? '');
  const own = annotations[ANNOTATIONS.name];
  return {
    digest,
    mediaType,
    sizeBytes: size,
    kind: annotations[ANNOTATIONS.kind] ?? '',
    title: annotations[TITLE] ?? null,
    packages: packages.map(
      ({ name, version }) => `${packages.length === 1 ? (own ?? name) : name}-${version}`,
    ),
  };
}
