import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLimitedInput } from '../files/limited-file.ts';
import { makeFolder } from '../files/make-folder.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import { parseJsonOr } from '../model/json.ts';
import { type Domain, parseDomain } from '../model/reference.ts';

/** Fields of docker's config.json and containers-auth.json(5) that are used here. Others are kept as they are. */
export interface CredentialFile {
  readonly auths?: Readonly<Record<string, FileEntry>>;
  /** Suffix of the program that keeps all credentials: `docker-credential-<credsStore>` */
  readonly credsStore?: string;
  /** Helpers by registry, for single registries */
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** A login. An empty entry means that a helper has it. */
export interface FileEntry {
  /** base64 of `user:password` */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

const ENTRY_FIELDS = ['auth', 'username', 'password', 'identitytoken', 'registrytoken'] as const;
/** Larger than any person's file of logins. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Runtime folder for users without $XDG_RUNTIME_DIR; podman as root keeps it to itself. */
const SHARED_RUNTIME = '/run/containers';
/** Name of the default registry in docker's file and for helpers. */
const DEFAULT_SERVER = 'https://index.docker.io/v1/';
const DEFAULT_NAMES: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Returns the paths of the files that logins are read from; the first that has a login for the registry counts. They are the file
 * that $REGISTRY_AUTH_FILE names, else docker's ($DOCKER_CONFIG), then podman's and skopeo's. `login` writes to the first, so
 * that the latest login is used.
 */
export function credentialPaths(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env.HOME || homedir();
  const runtime = env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'containers') : undefined;
  const uid = process.getuid?.();
  return [
    env.REGISTRY_AUTH_FILE || undefined,
    join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
    join(runtime ?? join(SHARED_RUNTIME, String(uid)), 'auth.json'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json'),
  ].filter((path) => path !== undefined);
}

/** Reads a file of logins; a missing file has none. @throws AppError USAGE if it is not JSON, LIMIT, STORAGE */
export async function readCredentialFile(path: string): Promise<CredentialFile> {
  let text: string;
  try {
    text = (await readLimitedInput(path, MAX_FILE_BYTES)).toString('utf8');
  } catch (error) {
    if (isAppError(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    if (code === 'EACCES' && path.startsWith(`${SHARED_RUNTIME}/`)) return {};
    throw cannot('read', path, error);
  }
  // podman makes an empty file to be filled.
  if (text.trim() === '') return {};
  // The parser's own message quotes what it read.
  const value = parseJsonOr(text, path);
  if (!isCredentialFile(value)) {
    throw new AppError('USAGE', `${path}: expected a JSON object with logins ("auths")`, {
      hint: 'Repair or remove the file.',
      details: { path },
    });
  }
  return value;
}

function isCredentialFile(value: unknown): value is CredentialFile {
  if (!isRecord(value)) return false;
  const { auths = {}, credHelpers = {}, credsStore = '' } = value;
  return (
    isRecord(auths) &&
    Object.values(auths).every(
      (entry) => isRecord(entry) && ENTRY_FIELDS.every((name) => isText(entry[name])),
    ) &&
    isRecord(credHelpers) &&
    Object.values(credHelpers).every((name) => typeof name === 'string') &&
    typeof credsStore === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** Replaces the file as a whole, readable by its owner only; a symbolic link is kept. @throws AppError STORAGE */
export async function writeCredentialFile(path: string, content: CredentialFile): Promise<void> {
  try {
    makeFolder(dirname(path), 0o700);
    const target = await realpath(path).catch(() => path);
    const temporary = `${target}.${process.pid}-${randomBytes(4).toString('hex')}`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(content, undefined, '\t')}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw cannot('write', path, error);
  }
}

/** Reports the system's code alone: a cause could quote what is in the file. */
function cannot(what: 'read' | 'write', path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new AppError('STORAGE', `cannot ${what} the logins in ${path}: ${code}`, {
    hint: 'Check the folder and its owner, or name another file in REGISTRY_AUTH_FILE.',
    details: { path, errno: code },
  });
}

/** Returns the name of a registry in files of logins and for credential helpers. */
export function serverName(domain: Domain): string {
  return domain === 'docker.io' ? DEFAULT_SERVER : domain;
}

/** Registry, and repository or namespace, that a key of `auths` is for. */
export interface EntryKey {
  readonly domain: string;
  /** Namespace or repository; empty: the whole registry */
  readonly path: string;
}

/**
 * Parses a key of `auths` in any of its spellings: `host`, `host:port`, `host/team/app`, `https://host/v1/`. URLs and paths of
 * API versions stand for the host alone.
 */
export function readEntryKey(key: string): EntryKey {
  const bare = key.replace(/^https?:\/\//i, '');
  const slash = bare.indexOf('/');
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  const rest = slash < 0 ? '' : bare.slice(slash + 1).replace(/\/+$/, '');
  const path = bare === key && rest !== 'v1' && rest !== 'v2' ? rest : '';
  return { domain: DEFAULT_NAMES.has(host) ? 'docker.io' : host, path };
}

/** Returns the keys that apply to a repository (empty `path`: to the registry as a whole), the most specific first. */
export function matchingKeys(keys: readonly string[], domain: Domain, path: string): readonly string[] {
  return keys
    .map((key, order) => ({ key, order, ...readEntryKey(key) }))
    .filter(
      (entry) =>
        entry.domain === domain.toLowerCase() && `${path}/`.startsWith(entry.path && `${entry.path}/`),
    )
    .sort((a, b) => b.path.length - a.path.length || urlness(a.key) - urlness(b.key) || a.order - b.order)
    .map(({ key }) => key);
}

/** Ranks URLs after plain host names, which are the newer spelling. */
function urlness(key: string): number {
  return key.includes('/') ? 1 : 0;
}

/** Parses a registry as people pass it to `login`: `localhost:5000`, `https://registry.example/v2/`. @throws AppError USAGE */
export function parseRegistryName(text: string): Domain {
  return parseDomain(readEntryKey(text.replace(/\/+$/, '')).domain);
}
