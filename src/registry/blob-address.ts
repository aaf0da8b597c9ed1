import { isAppError } from '../model/app-error.ts';
import type { Digest } from '../model/digest.ts';
import type { Repository } from '../model/reference.ts';
import type { RegistryRequest, RegistrySession } from './types.ts';

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * Returns the blob's own address in the registry if everybody may read it there; undefined if it takes a login, or is not there.
 * @throws AppError as RegistrySession.send
 */
export async function publicAddress(
  session: RegistrySession,
  repository: Repository,
  digest: Digest,
): Promise<URL | undefined> {
  const accept = [...REDIRECTS, 401, 403, 404];
  const asked = { ...blobRequest(repository, digest), method: 'HEAD', anonymous: true } as const;
  const { status, url, discard } = await session.send({ ...asked, accept });
  await discard();
  return [401, 403, 404].includes(status) ? undefined : url;
}

/**
 * Returns the address, with its own permission, that the registry redirects this session to for one download; undefined if it
 * sends blobs itself. Such an address expires.
 * @throws AppError NOT_FOUND; as RegistrySession.send
 */
export async function signedAddress(
  session: RegistrySession,
  repository: Repository,
  digest: Digest,
): Promise<URL | undefined> {
  const response = await session.send({
    ...blobRequest(repository, digest),
    method: 'GET',
    accept: REDIRECTS,
  });
  await response.discard();
  const location = response.header('location');
  if (!REDIRECTS.includes(response.status) || location === '') return undefined;
  try {
    const address = response.follow(location);
    return address.origin === response.url.origin ? undefined : address;
  } catch (error) {
    // Not followed by us, and nobody is sent there.
    if (isAppError(error, 'NETWORK')) return undefined;
    throw error;
  }
}

function blobRequest(
  repository: Repository,
  digest: Digest,
): Pick<RegistryRequest, 'repository' | 'target' | 'stays'> {
  return { repository, target: `blobs/${digest}`, stays: true };
}
