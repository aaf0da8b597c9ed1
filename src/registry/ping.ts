import type { Domain } from '../model/reference.ts';
import type { RegistrySession } from './session.ts';

/** The registry is there, speaks the API and takes our credentials. @throws AppError AUTH, NETWORK, UNSUPPORTED */
export async function ping(_session: RegistrySession, _domain: Domain): Promise<void> {
  throw new Error('being written');
}
