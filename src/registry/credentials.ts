import type { Domain, Repository } from '../model/reference.ts';

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, given to the token server only */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent to the registry as it is */
  | { readonly kind: 'bearer'; readonly token: string };

export interface Credentials {
  /** Undefined: anonymous. @throws AppError AUTH when a credential helper fails, USAGE for a file that cannot be read */
  find(repository: Repository | { readonly domain: Domain }): Promise<Credential | undefined>;
}

export interface StoredAt {
  /** `/home/me/.docker/config.json`, or `docker-credential-pass` */
  readonly place: string;
}

export function systemCredentials(_env: NodeJS.ProcessEnv = process.env): Credentials {
  throw new Error('being written');
}

/** One credential for one registry, none for others: what `login` tries before it keeps it. */
export function onlyFor(domain: Domain, credential: Credential): Credentials {
  return { find: async (asked) => (asked.domain === domain ? credential : undefined) };
}

/** Keeps it where the files say (credsStore, credHelpers, else the file), beside what is there. */
export async function storeCredential(
  _domain: Domain,
  _credential: Credential,
  _env: NodeJS.ProcessEnv = process.env,
): Promise<StoredAt> {
  throw new Error('being written');
}

/** False when there was none. */
export async function eraseCredential(
  _domain: Domain,
  _env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  throw new Error('being written');
}
