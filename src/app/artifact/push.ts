import { AppError, isAppError } from '../../model/app-error.ts';
import type { ArtifactPushReport } from '../../model/artifact-report.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { EMPTY_BYTES } from '../../model/empty-blob.ts';
import { largest } from '../../model/lists.ts';
import { oneChunk } from '../../model/one-chunk.ts';
import {
  fullName,
  parseReference,
  parseRepository,
  type Reference,
  withDigest,
} from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { required } from '../../model/required.ts';
import { headManifest, putManifest } from '../../registry/manifests.ts';
import type { RegistrySession } from '../../registry/types.ts';
import { pushContents } from '../images/push-contents.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';
import { refuse, sourceDateEpoch } from '../settings/setting-values.ts';
import { artifactManifest, isMediaType, UNKNOWN_ARTIFACT_TYPE } from './manifest.ts';
import { type ArtifactSource, readSource } from './source.ts';

/** Request of `artifact push`. */
export interface ArtifactPushRequest {
  readonly reference: string;
  /** `FILE` or `FILE:MEDIATYPE`; folders too */
  readonly files: readonly string[];
  /** Empty if not given */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Manifest to attach the artifact to, in the same repository; empty: none */
  readonly subject: string;
  readonly access: RegistryAccess;
}

/**
 * Pushes files and folders as one artifact. The same files give the same artifact: its date is SOURCE_DATE_EPOCH, or that of the
 * newest of the given files and folders. With a subject, the artifact needs no tag: it is found among the subject's referrers.
 * @throws AppError USAGE, NOT_FOUND, CONFLICT (two files with one title), STORAGE, and as pushContents
 */
export async function pushArtifact(
  context: RegistryContext,
  request: ArtifactPushRequest,
): Promise<ArtifactPushReport> {
  const to = targetOf(request);
  const subjectName = request.subject === '' ? undefined : parseReference(request.subject);
  if (subjectName !== undefined && (subjectName.domain !== to.domain || subjectName.path !== to.path)) {
    const expected = `something in ${fullName({ domain: to.domain, path: to.path })}`;
    refuse({ where: '--subject', expected, got: request.subject });
  }
  const { artifactType: type } = request;
  if (type !== '' && !isMediaType(type)) {
    refuse({
      where: '--artifact-type',
      expected: 'a media type such as application/vnd.example.thing',
      got: type,
    });
  }
  const newest = sourceDateEpoch(context.env.SOURCE_DATE_EPOCH);
  const sources = await readSources(request.files, newest);
  return withRegistries(context, request, async (session) => {
    const subject = subjectName === undefined ? undefined : await subjectOf(session, subjectName);
    const artifactType = type || UNKNOWN_ARTIFACT_TYPE;
    const { root, config } = artifactManifest({
      artifactType,
      layers: sources.map(({ descriptor }) => descriptor),
      annotations: request.annotations,
      subject,
      createdAt: newest ?? largest(sources.map(({ mtime }) => mtime)),
    });
    const bySource = new Map(sources.map((source) => [source.descriptor.digest, source]));
    const target = to.tag === undefined ? withDigest(to, root.descriptor.digest) : { ...to, tag: to.tag };
    const {
      mediaType: _,
      manifests: __,
      mounted: ___,
      ...pushed
    } = await pushContents(session, {
      contents: {
        root,
        documents: [root],
        blobs: [...[...bySource.values()].map(({ descriptor }) => descriptor), config],
        blob: ({ digest }, offset) =>
          bySource.get(digest)?.open(offset) ?? oneChunk(EMPTY_BYTES.subarray(offset)),
        damaged: ({ digest }) => required(bySource, digest).changed(),
      },
      to: target,
      progress: context.progress,
      mountFrom: () => undefined,
    });
    if (subject !== undefined && !pushed.changed) {
      // A push that was interrupted may not have added it to the subject's list.
      await putManifest(session, target, { mediaType: root.descriptor.mediaType, bytes: root.bytes });
    }
    return {
      ...pushed,
      artifactType,
      subject: subject?.digest ?? null,
      files: sources.map(({ file }) => file),
    };
  });
}

type Target = Omit<Reference, 'digest'> & { readonly digest: undefined };

/** Returns the reference to push to; only an artifact with a subject may go without a tag. */
function targetOf({ reference, subject }: ArtifactPushRequest): Target {
  if (subject !== '') {
    try {
      return { ...parseRepository(reference), tag: undefined, digest: undefined };
    } catch (error) {
      if (!isAppError(error, 'USAGE')) throw error;
    }
  }
  const { digest, ...to } = parseReference(reference);
  if (digest === undefined) return { ...to, digest };
  return refuse({
    where: 'REF',
    expected: 'a name without a digest, which is only known afterwards',
    got: reference,
  });
}

async function readSources(
  files: readonly string[],
  newest: number | undefined,
): Promise<readonly ArtifactSource[]> {
  const sources: ArtifactSource[] = [];
  const titles = new Map<string, string>();
  for (const argument of files) {
    const source = await readSource(argument, newest);
    const { title } = source.file;
    const other = titles.get(title);
    if (other !== undefined) {
      throw new AppError('CONFLICT', `${other} and ${argument}: both would be saved as ${title}`, {
        hint: 'Change to the folder that contains both and name them relative to it.',
        details: { title },
      });
    }
    titles.set(title, argument);
    sources.push(source);
  }
  return sources;
}

async function subjectOf(session: RegistrySession, reference: Reference): Promise<Descriptor> {
  const found = await headManifest(session, reference);
  if (found !== undefined) return found;
  throw new AppError('NOT_FOUND', `${fullName(reference)}: not found, so nothing can be attached to it`);
}
