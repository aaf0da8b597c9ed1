import { fullName, type Reference, withDigest } from '../model/reference.ts';
import type { ContentReader } from '../output/image-content.ts';
import { expectEqual } from '../output/verify-layer.ts';
import { type BlobId, readBlob } from '../registry/blobs.ts';
import { getManifest } from '../registry/manifests.ts';
import type { RegistrySession } from '../registry/session.ts';

/** An image, or an index of images, in a registry. @throws AppError NOT_FOUND, AUTH, NETWORK, INTEGRITY, UNSUPPORTED */
export async function openRegistryContent(
  session: RegistrySession,
  reference: Reference,
): Promise<ContentReader> {
  const root = await getManifest(session, reference);
  return {
    name: fullName(reference),
    address: (digest) => fullName({ ...reference, tag: undefined, digest }),
    root,
    tags: reference.tag === undefined ? [] : [fullName({ ...reference, digest: undefined })],
    async document({ digest, mediaType, size }) {
      const { bytes } = await getManifest(session, withDigest(reference, digest), { accept: [mediaType] });
      expectEqual(`size of manifest ${digest}`, size, bytes.length);
      return bytes;
    },
    blob: (blob, offset) => readFrom(session, reference, { blob, offset }),
  };
}

/** The digest is of the whole, so that the whole is read. */
async function* readFrom(
  session: RegistrySession,
  reference: Reference,
  { blob, offset }: { readonly blob: BlobId; readonly offset: number },
): AsyncGenerator<Uint8Array> {
  let skip = offset;
  for await (const chunk of readBlob(session, reference, blob)) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
