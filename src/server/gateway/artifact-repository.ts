import { type Artifact, parseArtifact } from '../../app/artifact/manifest.ts';
import { openArtifact } from '../../app/artifact/open-artifact.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import { fullName, type Repository, type Tag, withDigest, withTag } from '../../model/reference.ts';
import { readBlob } from '../../registry/blobs.ts';
import { headManifest } from '../../registry/manifests.ts';
import { listTags } from '../../registry/tags.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import type { SharedDownloads } from '../../store/shared-downloads.ts';
import type { Asker, Origin, ServedBlob } from '../content.ts';
import type { Exchange } from '../http/exchange.ts';
import { blobOfArriving } from './arriving.ts';
import type { TreeFile } from './file-tree.ts';

/** An OCI repository of artifacts, in a registry or of this server. */
export interface ArtifactRepository {
  /** For messages */
  readonly name: string;
  /** Returns the digest that a tag has now; undefined: there is no such tag. */
  resolve(tag: Tag): Promise<Digest | undefined>;
  /** @throws AppError NOT_FOUND */
  artifact(digest: Digest): Promise<Artifact>;
  /** @throws AppError LIMIT if there are more than `most` */
  tags(most: number): Promise<readonly Tag[]>;
  blob(exchange: Exchange, file: TreeFile): Promise<ServedBlob>;
}

/** Services of repositories in registries. */
export interface RemoteServices {
  readonly session: RegistrySession;
  readonly store: FileBlobStore;
  readonly downloads: SharedDownloads;
}

/** Opens a repository of a registry. Its blobs are fetched when they are asked for, once, and kept in the cache. */
export function remoteRepository(
  repository: Repository,
  { session, store, downloads }: RemoteServices,
): ArtifactRepository {
  // A client waits: it had rather hear soon that the registry does not answer.
  const prompt = session.withRetries(1);
  return {
    name: fullName(repository),
    resolve: async (tag) => (await headManifest(prompt, withTag(repository, tag)))?.digest,
    artifact: (digest) => openArtifact(prompt, withDigest(repository, digest), ''),
    tags: (most) => listTags(prompt, repository, most),
    async blob(exchange, { digest, size }) {
      const file: ServedBlob = { kind: 'file', path: store.pathOf(digest), sizeBytes: size };
      if (store.has(digest, size)) {
        store.touch(digest);
        return file;
      }
      if (exchange.method === 'HEAD') return file.sizeBytes === 0 ? file : unsent(size);
      const arriving = downloads.get({
        key: `${digest} ${size}`,
        sizeBytes: size,
        async fetch(write, signal) {
          const reading = session.under(signal);
          for await (const bytes of readBlob(reading, repository, { digest, size })) await write(bytes);
        },
        // readBlob has verified the digest.
        accept: (path) => store.adopt(path, digest, size),
      });
      return blobOfArriving(exchange, arriving, () => file);
    },
  };
}

/** Opens a repository of this server, as somebody may read it. */
export function ownRepository({ path }: Repository, origin: Origin, asker: Asker): ArtifactRepository {
  return {
    name: path,
    async resolve(tag) {
      const found = await origin.manifest(path, { tag }, asker);
      return found?.digest as Digest | undefined;
    },
    async artifact(digest) {
      const found = await origin.manifest(path, { digest }, asker);
      if (found === undefined) throw new AppError('NOT_FOUND', `${path}@${digest}: no such manifest`);
      const { mediaType, bytes } = found;
      return parseArtifact({ descriptor: { mediaType, digest, size: bytes.length }, bytes });
    },
    async tags(most) {
      const tags = (await origin.tags(path, asker, { last: '', count: most + 1 })) ?? [];
      if (tags.length > most) throw new AppError('LIMIT', `${path}: more than ${most} tags`);
      return tags as readonly Tag[];
    },
    async blob(_, { digest }) {
      const blob = await origin.blob(path, digest, asker);
      if (blob === undefined) throw new AppError('NOT_FOUND', `${path}: the blob ${digest} is not here`);
      return blob;
    },
  };
}

/** A blob of which only the headers are sent. */
function unsent(sizeBytes: number): ServedBlob {
  async function* none(): AsyncGenerator<Uint8Array> {}
  return { kind: 'stream', sizeBytes, open: () => none() };
}

/** Tells whether an error means that the registry could not be asked. */
export function isUnreachable(error: unknown): boolean {
  return isAppError(error, 'NETWORK') || isAppError(error, 'AUTH');
}
