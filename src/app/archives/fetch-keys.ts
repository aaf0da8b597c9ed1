import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { download, whileDownloading } from '../../fetch/http.ts';
import { isLocal, localPath, redactUrl } from '../../fetch/url.ts';
import { AppError } from '../../model/app-error.ts';
import { digestOf, hexOf } from '../../model/digest.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { RepositoryIndex, RepositorySpec } from '../../model/repository.ts';
import { required } from '../../model/required.ts';
import type { KeyFile } from '../../trust/key-file.ts';
import type { TrustPolicy } from '../../trust/policy.ts';
import { type Context, expectFetching } from '../context.ts';
import { archiveUrl } from '../sources/archive-url.ts';
import { basesOf, type FoundIndex, type IndexedRepository } from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { readSmallFiles } from './archive-contents.ts';
import { readUnverifiedFile } from './ingest-file.ts';

/** archlinux-keyring is 1.2 MB. */
const MAX_KEYS_PACKAGE_BYTES = 64 * 1024 * 1024;

/*
 * The distribution's own keys, from its keys package if they do not come with the product. The source of the keys is not trusted:
 * only keys that the product pins count (Keys.pinnedFiles).
 */

/**
 * Fetches the keys from the repository of an index that could not be verified; the index is only read to find the package.
 * @returns whether a pinned key was found
 * @throws AppError as Repositories.readIndex
 */
export async function fetchKeysBesideIndex(
  context: Context,
  sources: Sources,
  from: { spec: RepositorySpec; found: FoundIndex },
): Promise<boolean> {
  const { distro } = sources;
  const policy: TrustPolicy = { ...(await sources.trust.policy()), allowUntrusted: true };
  const index = await distro.repositories.readIndex({
    bytes: from.found.bytes,
    policy,
    where: redactUrl(from.found.url),
  });
  const entry = await packageNamed(distro.keys.package, index);
  const { base } = from.found;
  if (entry === undefined) return false;
  const bases = [base, ...from.spec.baseUrls.filter((other) => other !== base)];
  const packages = bases.map((mirror) => ({ url: archiveUrl(mirror, distro.id, entry), entry }));
  return cacheKeysFrom(context, sources, packages);
}

async function packageNamed(name: string, { packages }: RepositoryIndex): Promise<IndexPackage | undefined> {
  for await (const some of packages) {
    const found = some.find((entry) => entry.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Fetches the keys from repositories in the catalog whose indexes were accepted without a signature, as Arch's are.
 * @returns whether a pinned key was found
 */
export async function fetchKeysOfRepositories(
  context: Context,
  sources: Sources,
  repositories: readonly IndexedRepository[],
): Promise<boolean> {
  const source = context.catalog.packages.source(
    repositories.map(({ spec, row }) => ({ id: row.id, tag: spec.tag })),
  );
  const packages = source.byName(sources.distro.keys.package).flatMap((entry) => {
    const bases = basesOf(required(repositories, entry.repositoryRank));
    return bases.map((base) => ({ url: archiveUrl(base, sources.distro.id, entry), entry }));
  });
  return cacheKeysFrom(context, sources, packages);
}

/** Takes the keys from a folder of archives without an index. @returns whether a pinned key was found */
export async function fetchKeysInFolder(
  context: Context,
  sources: Sources,
  folder: string,
): Promise<boolean> {
  const { keys, archives } = sources.distro;
  const names = readdirSync(folder)
    .filter(
      (name) =>
        name.startsWith(`${keys.package}-`) && archives.names.suffixes.some((end) => name.endsWith(end)),
    )
    .sort();
  return cacheKeysFrom(
    context,
    sources,
    names.reverse().map((name) => ({ url: join(folder, name) })),
  );
}

async function cacheKeysFrom(
  context: Context,
  sources: Sources,
  packages: readonly KeysPackage[],
): Promise<boolean> {
  for (const keysPackage of packages) {
    if (!isLocal(keysPackage.url)) expectFetching(context, `keys of ${sources.distro.id}`);
    const files = await keysFromPackage(context, sources, keysPackage);
    if (files !== undefined && (await sources.trust.cacheKeys(files))) return true;
  }
  return false;
}

interface KeysPackage {
  /** URL or path of the archive */
  readonly url: string;
  readonly entry?: IndexPackage | undefined;
}

/** Returns the key files of a keys package, which is read unverified: the product's pins decide which of them count. */
async function keysFromPackage(
  context: Context,
  sources: Sources,
  { url, entry }: KeysPackage,
): Promise<readonly KeyFile[] | undefined> {
  try {
    if (isLocal(url)) return await keysIn(context, sources, { entry, url, path: localPath(url) });
    const path = context.store.partialPath(`${hexOf(digestOf(url))}.keys`);
    return await whileDownloading(path, context, async () => {
      try {
        await download([url], path, {
          remote: sources.files,
          signal: context.signal,
          maxBytes: MAX_KEYS_PACKAGE_BYTES,
          ...(entry === undefined ? {} : { expectedSizeBytes: entry.sizeBytes }),
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
  { distro }: Sources,
  {
    entry,
    url,
    path,
  }: { readonly entry: IndexPackage | undefined; readonly url: string; readonly path: string },
): Promise<readonly KeyFile[]> {
  const where = redactUrl(url);
  const expected = entry === undefined ? {} : { expected: entry };
  const facts = await readUnverifiedFile(context, { content: path, where, distro, ...expected });
  const files = await readSmallFiles(
    { path, compression: facts.compression, signal: context.signal },
    facts.files.filter(
      (file) => distro.keys.isKeyFile(file.path) && file.sizeBytes <= MAX_KEYS_PACKAGE_BYTES,
    ),
  );
  return [...files].map(([name, bytes]) => ({ name: basename(name), bytes }));
}
