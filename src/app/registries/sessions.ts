import type { Progress } from '../../model/progress.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { systemCredentials } from '../../registry/credentials.ts';
import { openSession } from '../../registry/session.ts';
import type { Credentials, RegistrySession, SessionOptions } from '../../registry/types.ts';
import { type Context, expectFetching } from '../context.ts';

/** Services that use cases of registries work with; a Context has them. */
export interface RegistryContext {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Access without options: HTTPS, the system's certificates. */
export const PLAIN_ACCESS: RegistryAccess = { insecure: false, ca: '', cert: '', key: '' };

/** Runs `work` with one session, and closes it afterwards. The default credentials are the user's stored logins. */
export async function withRegistries<T>(
  { env, progress, signal }: RegistryContext,
  options: { readonly access?: RegistryAccess; readonly credentials?: Credentials },
  work: (session: RegistrySession) => Promise<T>,
): Promise<T> {
  const { access = PLAIN_ACCESS, credentials = systemCredentials(env) } = options;
  const session = openWith(access, { signal, progress, credentials });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/**
 * Returns the context's own session, with the user's stored logins; it is closed with the context.
 * @throws NotFetchedError
 */
export function sharedSession(
  context: Pick<Context, 'env' | 'progress' | 'signal' | 'sessions' | 'fetching'>,
  access: RegistryAccess = PLAIN_ACCESS,
): RegistrySession {
  const { env, progress, signal, sessions } = context;
  expectFetching(context, 'packages in a registry');
  const name = JSON.stringify(access);
  const session =
    sessions.get(name) ?? openWith(access, { signal, progress, credentials: systemCredentials(env) });
  sessions.set(name, session);
  return session;
}

function openWith(
  { insecure, ca, cert, key }: RegistryAccess,
  options: Pick<SessionOptions, 'signal' | 'progress' | 'credentials'>,
): RegistrySession {
  return openSession({
    ...options,
    insecure,
    ...(ca === '' ? {} : { ca }),
    ...(cert === '' ? {} : { cert }),
    ...(key === '' ? {} : { key }),
  });
}
