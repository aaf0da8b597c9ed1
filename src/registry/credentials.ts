import type { Domain } from '../model/reference.ts';
import {
  type CredentialFile,
  credentialPaths,
  type FileEntry,
  matchingKeys,
  readCredentialFile,
  readEntryKey,
  serverName,
  writeCredentialFile,
} from './credential-files.ts';
import { eraseInHelper, getFromHelper, storeInHelper } from './credential-helper.ts';
import type { AuthTarget, Credential, Credentials } from './types.ts';

/** Place where a login was stored. */
export interface StoredAt {
  /** `/home/me/.docker/config.json`, or `docker-credential-pass` */
  readonly place: string;
}

/**
 * Returns the logins of docker, podman and skopeo, in the order of `credentialPaths`. The files are read once, when first needed.
 */
export function systemCredentials(env: NodeJS.ProcessEnv = process.env): Credentials {
  let files: Promise<readonly CredentialFile[]> | undefined;
  return {
    async find(repository) {
      files ??= Promise.all(credentialPaths(env).map(readCredentialFile));
      for (const file of await files) {
        const found = await findIn(file, repository, env);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Returns one credential for one registry and none for others: `login` tries it before it stores it. */
export function onlyFor(domain: Domain, credential: Credential): Credentials {
  return { find: async (asked) => (asked.domain === domain ? credential : undefined) };
}

/** Looks in the helper for just this registry, then in the helper for all, then in the file itself. */
async function findIn(
  file: CredentialFile,
  repository: AuthTarget,
  env: NodeJS.ProcessEnv,
): Promise<Credential | undefined> {
  const { domain } = repository;
  const path = 'path' in repository ? repository.path : '';
  const { credHelpers = {}, credsStore = '', auths = {} } = file;
  const [own] = matchingKeys(Object.keys(credHelpers), domain, path);
  const helpers = [own === undefined ? '' : (credHelpers[own] ?? ''), credsStore];
  for (const helper of helpers.filter((name) => name !== '')) {
    const found = await getFromHelper({ helper, env }, serverName(domain));
    if (found !== undefined) return found;
  }
  for (const key of matchingKeys(Object.keys(auths), domain, path)) {
    const found = readEntry(auths[key] ?? {});
    if (found !== undefined) return found;
  }
  return undefined;
}

function readEntry(entry: FileEntry): Credential | undefined {
  if (entry.registrytoken) return { kind: 'bearer', token: entry.registrytoken };
  if (entry.identitytoken) return { kind: 'identity', token: entry.identitytoken };
  // docker itself pads some with NUL.
  const plain = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
  const colon = plain.indexOf(':');
  // docker's order: `auth` counts before the fields that it once had beside it.
  const [username, password] =
    colon < 0
      ? [entry.username ?? '', entry.password ?? '']
      : [plain.slice(0, colon), plain.slice(colon + 1)];
  return username === '' && password === '' ? undefined : { kind: 'basic', username, password };
}

/**
 * Stores a login where the first file says: in a helper (credHelpers, credsStore), else in the file itself. Other logins stay.
 * @throws AppError AUTH, UNSUPPORTED, USAGE, LIMIT, STORAGE
 */
export async function storeCredential(
  domain: Domain,
  credential: Credential,
  env: NodeJS.ProcessEnv = process.env,
): Promise<StoredAt> {
  const path = credentialPaths(env)[0]!;
  const file = await readCredentialFile(path);
  const helper = helperOf(file, domain);
  const auths = { ...withoutDomain(file.auths, domain) };
  if (helper !== '') await storeInHelper({ helper, env }, serverName(domain), credential);
  // An empty entry, as docker leaves it: other tools list it as logged in.
  auths[serverName(domain)] = helper === '' ? fileEntry(credential) : {};
  await writeCredentialFile(path, { ...file, auths });
  return { place: helper === '' ? path : `docker-credential-${helper}` };
}

/**
 * Erases a login from every place that has it; returns false if none had.
 * @throws AppError AUTH, USAGE, LIMIT, STORAGE
 */
export async function eraseCredential(
  domain: Domain,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  let erased = false;
  for (const path of credentialPaths(env)) {
    const file = await readCredentialFile(path);
    const helper = helperOf(file, domain);
    if (helper !== '' && (await eraseInHelper({ helper, env }, serverName(domain)))) erased = true;
    const auths = withoutDomain(file.auths, domain);
    if (Object.keys(auths).length === Object.keys(file.auths ?? {}).length) continue;
    await writeCredentialFile(path, { ...file, auths });
    erased = true;
  }
  return erased;
}

function helperOf({ credHelpers = {}, credsStore = '' }: CredentialFile, domain: Domain): string {
  const [own] = matchingKeys(Object.keys(credHelpers), domain, '');
  return (own === undefined ? undefined : credHelpers[own]) ?? credsStore;
}

/** Removes the registry in all spellings; its namespaces, which have logins of their own, stay. */
function withoutDomain(auths: CredentialFile['auths'] = {}, domain: Domain): Record<string, FileEntry> {
  return Object.fromEntries(
    Object.entries(auths).filter(([key]) => {
      const read = readEntryKey(key);
      return read.domain !== domain.toLowerCase() || read.path !== '';
    }),
  );
}

function fileEntry(credential: Credential): FileEntry {
  if (credential.kind === 'bearer') return { registrytoken: credential.token };
  if (credential.kind === 'identity') return { identitytoken: credential.token };
  const { username, password } = credential;
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}
