import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { download, fetchBytes, whileDownloading } from '../fetch/http.ts';
import { isLocal, joinUrl, localPath, redactUrl } from '../fetch/url.ts';
import { AppError, isAppError } from '../model/app-error.ts';
import { digestOf, hexOf } from '../model/digest.ts';
import type { IndexPackage } from '../model/package.ts';
import { silentProgress } from '../model/progress.ts';
import type { RepositorySpec } from '../model/repository.ts';
import type { TrustPolicy } from '../trust/policy.ts';
import { archiveUrl } from './archive-url.ts';
import { readSmallFiles } from './contents.ts';
import type { Context } from './context.ts';
import { basesOf, type FoundIndex, type IndexedRepository } from './indexed-repository.ts';
import { readArchiveFile } from './ingest-file.ts';
import type { Sources } from './sources.ts';

/** alpine-keys is 13 kB, archlinux-keyring 1.2 MB. */
const MAX_KEYS_PACKAGE_BYTES = 64 * 1024 * 1024;
const MAX_KEY_BYTES = 64 * 1024;
/** Where Alpine publishes its keys outside any repository. */
const ALPINE_KEYS_URL = 'https://alpinelinux.org/keys/';

/**
 * Gets the distribution's own keys: from the keys package of the repository itself, else from the official site.
 * Nothing here is trusted for where it came from: keys count only where the product pins them (trust/pins.ts).
 * @throws AppError UNTRUSTED_KEY (the cause given) when neither place has them
 */
export async function fetchKeys(
  context: Context,
  sources: Sources,
  from: { spec: RepositorySpec; found: FoundIndex; cause: unknown },
): Promise<void> {
  const { distro } = sources;
  const policy: TrustPolicy = { ...(await sources.trust.policy()), allowUntrusted: true };
  const index = await distro.readIndex({ bytes: from.found.bytes, policy, where: redactUrl(from.found.url) });
  const entry = index.packages.find((candidate) => candidate.name === distro.defaults.keysPackage);
  const { base } = from.found;
  const bases = [base, ...from.spec.baseUrls.filter((other) => other !== base)];
  const packages = entry === undefined ? [] : bases.map((mirror) => ({ entry, base: mirror }));
  if (!(await keepKeys(context, sources, packages))) throw from.cause;
}

/**
 * The same where the indexes were accepted without a signature, as Arch's are, and an archive is signed by a key that is
 * not there yet: the keys packages that the catalog has. False when no pinned key was found.
 */
export async function fetchKeysOf(
  context: Context,
  sources: Sources,
  repositories: readonly IndexedRepository[],
): Promise<boolean> {
  const source = context.catalog.packages.source(
    repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag })),
  );
  const packages = source
    .byName(sources.distro.defaults.keysPackage)
    .flatMap((entry) =>
      basesOf(repositories[entry.repositoryRank] as IndexedRepository).map((base) => ({ entry, base })),
    );
  return keepKeys(context, sources, packages);
}

async function keepKeys(
  context: Context,
  sources: Sources,
  packages: readonly KeysPackage[],
): Promise<boolean> {
  for (const keysPackage of packages) {
    const files = await keysFromPackage(context, sources, keysPackage);
    if (files !== undefined && (await sources.trust.keep(files))) return true;
  }
  const files = await keysFromSite(context, sources);
  return files !== undefined && sources.trust.keep(files);
}

/** Runs `work`; where a pinned key is missing, fetches the keys from the official site and runs it again. */
export async function refetchKeys<T>(context: Context, sources: Sources, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error, 'UNTRUSTED_KEY') || !sources.trust.pinned) throw error;
    const files = await keysFromSite(context, sources);
    if (files === undefined || !(await sources.trust.keep(files))) throw error;
    return work();
  }
}

interface KeysPackage {
  readonly entry: IndexPackage;
  /** Where its repository's archives are */
  readonly base: string;
}

interface KeyFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The package is read without trust, only to find keys that pins then judge. */
async function keysFromPackage(
  context: Context,
  sources: Sources,
  { entry, base }: KeysPackage,
): Promise<readonly KeyFile[] | undefined> {
  const url = archiveUrl(base, sources.distro.id, entry);
  try {
    if (isLocal(url)) return await keysIn(context, sources, { entry, url, path: localPath(url) });
    const path = context.store.partialPath(`${hexOf(digestOf(url))}.keys`);
    return await whileDownloading(path, context, async () => {
      try {
        await download([url], path, {
          remote: sources.files,
          signal: context.signal,
          maxBytes: MAX_KEYS_PACKAGE_BYTES,
          expectedSizeBytes: entry.sizeBytes,
        });
        return await keysIn(context, sources, { entry, url, path });
      } finally {
        rmSync(path, { force: true });
      }
    });
  } catch (error) {
    if (error instanceof AppError && error.code !== 'CANCELLED') return undefined;
    throw error;
  }
}

async function keysIn(
  context: Context,
  { distro, trust }: Sources,
  { entry, url, path }: { readonly entry: IndexPackage; readonly url: string; readonly path: string },
): Promise<readonly KeyFile[]> {
  const policy: TrustPolicy = { ...(await trust.policy()), allowUntrusted: true };
  const untrusting = { fingerprint: '', policy: async () => policy };
  const facts = await readArchiveFile(
    { ...context, progress: silentProgress },
    { path, where: redactUrl(url), distro, trust: untrusting, expected: entry },
  );
  const files = await readSmallFiles(
    { path, compression: facts.compression, signal: context.signal },
    facts.files.filter(
      (file) => distro.defaults.isKeyFile(file.path) && file.sizeBytes <= MAX_KEYS_PACKAGE_BYTES,
    ),
  );
  return [...files].map(([name, bytes]) => ({ name: basename(name), bytes }));
}

async function keysFromSite(context: Context, sources: Sources): Promise<readonly KeyFile[] | undefined> {
  if (sources.distro.id !== 'alpine') return undefined;
  const { ALPINE_KEY_PINS } = await import('../trust/pins.ts');
  const pins = ALPINE_KEY_PINS.filter((pin) => pin.architectures.includes(sources.architecture));
  const files: KeyFile[] = [];
  for (const pin of pins) {
    try {
      const result = await fetchBytes([joinUrl(ALPINE_KEYS_URL, pin.name)], {
        signal: context.signal,
        maxBytes: MAX_KEY_BYTES,
        retries: 0,
      });
      if (result.modified) files.push({ name: pin.name, bytes: result.bytes });
    } catch (error) {
      if (isAppError(error, 'NETWORK')) break;
      if (!isAppError(error, 'NOT_FOUND')) throw error;
    }
  }
  return files.length === 0 ? undefined : files;
}
