import { contentLength } from '../fetch/exchange.ts';
import { AppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import { fullName, type Repository } from '../model/reference.ts';
import type { RegistrySession } from './types.ts';

/**
 * Returns the size in bytes of a blob that is known by its digest alone; undefined if it does not exist.
 * @throws AppError UNSUPPORTED if the registry does not report the size; as RegistrySession.send
 */
export async function blobSize(
  session: RegistrySession,
  repository: Repository,
  digest: Digest,
): Promise<number | undefined> {
  const response = await session.send({
    method: 'HEAD',
    repository,
    target: `blobs/${digest}`,
    accept: [404],
  });
  await response.discard();
  if (response.status === 404) return undefined;
  const size = contentLength(response);
  if (size !== undefined) return size;
  throw new AppError(
    'UNSUPPORTED',
    `${fullName(repository)}: ${digest}: the registry does not report its size`,
  );
}
