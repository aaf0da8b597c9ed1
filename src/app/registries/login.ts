import { AppError, isAppError } from '../../model/app-error.ts';
import type { Domain } from '../../model/reference.ts';
import type { LoginReport, LogoutReport, RegistryAccess } from '../../model/registry.ts';
import { parseRegistryName } from '../../registry/credential-files.ts';
import { eraseCredential, onlyFor, storeCredential } from '../../registry/credentials.ts';
import { ping } from '../../registry/ping.ts';
import type { Credential } from '../../registry/types.ts';
import { type RegistryContext, withRegistries } from './sessions.ts';

/** Request of `login`. */
export interface LoginRequest {
  /** `localhost:5000`, `docker.io` */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  readonly access: RegistryAccess;
}

/**
 * Checks a login with the registry, then stores it where docker and podman look for it.
 * @throws AppError AUTH, NETWORK, USAGE, STORAGE
 */
export async function login(context: RegistryContext, request: LoginRequest): Promise<LoginReport> {
  const { username, password, access } = request;
  const domain = parseRegistryName(request.registry);
  if (username === '' || password === '' || username.includes(':')) {
    const what = username.includes(':') ? 'a user name without a colon' : 'a user name and a password';
    throw new AppError('USAGE', `compose login ${domain}: expected ${what}`);
  }
  const credential: Credential = { kind: 'basic', username, password };
  await withRegistries(context, { access, credentials: onlyFor(domain, credential) }, (session) =>
    ping(session, domain),
  );
  const verified = !(await takesAnything(context, domain, access));
  const { place } = await storeCredential(domain, credential, context.env);
  const notes = [
    ...(verified ? [] : ['the registry also answers without a login, so the password could not be checked']),
    ...(place.startsWith('docker-credential-')
      ? []
      : [
          `the password is stored unencrypted in ${place}; set "credsStore" there to use a credential helper`,
        ]),
  ];
  return { registry: domain, username, storedAt: place, verified, notes };
}

/** Tells whether the registry accepts a token that no registry has ever issued. */
async function takesAnything(
  context: RegistryContext,
  domain: Domain,
  access: RegistryAccess,
): Promise<boolean> {
  const credentials = onlyFor(domain, { kind: 'bearer', token: 'none' });
  try {
    await withRegistries(context, { access, credentials }, (session) => ping(session, domain));
    return true;
  } catch (error) {
    if (isAppError(error, 'AUTH')) return false;
    throw error;
  }
}

/** Removes the stored login of a registry. @throws AppError USAGE, STORAGE */
export async function logout(
  { env }: RegistryContext,
  request: { readonly registry: string },
): Promise<LogoutReport> {
  const registry = parseRegistryName(request.registry);
  return { registry, removed: await eraseCredential(registry, env) };
}
