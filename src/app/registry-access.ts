import type { Progress } from '../model/progress.ts';
import type { RegistryAccess } from '../model/registry.ts';
import { type Credentials, systemCredentials } from '../registry/credentials.ts';
import { openSession, type RegistrySession } from '../registry/session.ts';

/** What a registry's use case runs with; a Context is one. */
export interface RegistryContext {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What counts without options. */
export const PLAIN_ACCESS: RegistryAccess = { insecure: false, ca: '', cert: '', key: '' };

/** One session for all that `work` does, closed afterwards. By default with the logins that the user has. */
export async function withRegistries<T>(
  { env, progress, signal }: RegistryContext,
  options: { readonly access?: RegistryAccess; readonly credentials?: Credentials },
  work: (session: RegistrySession) => Promise<T>,
): Promise<T> {
  const { insecure, ca, cert, key } = options.access ?? PLAIN_ACCESS;
  const session = openSession({
    signal,
    progress,
    credentials: options.credentials ?? systemCredentials(env),
    insecure,
    ...(ca === '' ? {} : { ca }),
    ...(cert === '' ? {} : { cert }),
    ...(key === '' ? {} : { key }),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
