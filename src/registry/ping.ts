import { AppError } from '../model/app-error.ts';
import type { Domain } from '../model/reference.ts';
import type { RegistrySession } from './types.ts';

/**
 * Checks that a registry is there, speaks the API and accepts the login (OCI distribution-spec 1.1, end-1).
 * @throws AppError AUTH, NETWORK, UNSUPPORTED
 */
export async function ping(session: RegistrySession, domain: Domain): Promise<void> {
  const response = await session.send({ method: 'GET', repository: { domain }, target: '', accept: [404] });
  await response.discard();
  if (response.status !== 404) return;
  throw new AppError('UNSUPPORTED', `${domain}: not a registry: HTTP 404 for /v2/`, {
    hint: 'Expected the API of the OCI distribution specification 1.x.',
  });
}
