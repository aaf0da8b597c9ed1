import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryRow } from '../catalog/repositories.ts';
import { mapConcurrent } from '../fetch/pool.ts';
import { isLocal, localPath } from '../fetch/url.ts';
import { type AppError, isAppError } from '../model/app-error.ts';
import { digestOf } from '../model/digest.ts';
import { readLimitedFile } from '../model/limited-file.ts';
import type { IndexPackage } from '../model/package.ts';
import type { RepositorySpec } from '../model/repository.ts';
import { keysInFolder } from './bootstrap-keys.ts';
import type { Context } from './context.ts';
import { type IndexedRepository, identityOf, withoutRelease } from './indexed-repository.ts';
import { ingestFile } from './ingest-file.ts';
import { MAX_SIGNATURE_BYTES } from './signatures.ts';
import type { Sources } from './sources.ts';

/** Archives read at once: enough to overlap reading and hashing on the thread pool. */
const CONCURRENCY = 4;

/** A folder of bare archives is a repository too: its index is what the archives say of themselves. */
export async function indexFolder(
  context: Context,
  sources: Sources,
  spec: RepositorySpec,
): Promise<IndexedRepository> {
  const { distro, trust } = sources;
  const suffixes = distro.defaults.archiveSuffixes;
  const base = spec.baseUrls
    .filter(isLocal)
    .map(localPath)
    .find(
      (folder) => existsSync(folder) && readdirSync(folder).some((name) => hasSuffix(name, suffixes)),
    ) as string;
  const files = readdirSync(base)
    .filter((name) => hasSuffix(name, suffixes))
    .sort()
    .map((name) => ({ name, stat: statSync(join(base, name)) }));
  const content = digestOf(
    files.map(({ name, stat }) => `${name}\0${stat.size}\0${stat.mtimeMs}\n`).join(''),
  );
  const { repositories } = context.catalog;
  const find = () => repositories.find(spec.distro, spec.architecture, identityOf(spec));
  const old = find();
  if (old?.content === content && trust.accepts(old.trust)) return { spec, row: old, changed: false };

  let fetched: Promise<boolean> | undefined;
  /** Where a pinned key is missing the folder itself may have it; once for all archives. */
  const withKeys = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isAppError(error, 'UNTRUSTED_KEY') || !trust.mayFetchKeys) throw error;
      fetched ??= keysInFolder(context, sources, base);
      if (!(await fetched)) throw error;
      return work();
    }
  };
  const task = context.progress.task(`read ${base}`, files.length, 'items');
  const unread: AppError[] = [];
  const found = await mapConcurrent(files, CONCURRENCY, async ({ name }): Promise<IndexPackage[]> => {
    const path = join(base, name);
    const signature = existsSync(`${path}.sig`)
      ? readLimitedFile(`${path}.sig`, MAX_SIGNATURE_BYTES)
      : undefined;
    const file = {
      path,
      where: path,
      distro,
      trust,
      adopt: false,
      ...(signature === undefined ? {} : { signature }),
    };
    try {
      const { facts } = await withKeys(() => ingestFile(context, file));
      return [distro.describe(facts, name)];
    } catch (error) {
      // One package that is packed in a way of its own does not take the others down.
      if (!isAppError(error, 'UNSUPPORTED')) throw error;
      unread.push(error);
      return [];
    } finally {
      task.advance(1);
    }
  });
  task.done();
  if (unread[0] !== undefined && unread.length === files.length) throw unread[0];
  for (const { message } of unread) context.progress.note(`${message}; left out`);
  const packages = found.flat();
  const fitting = packages.filter(
    ({ architecture }) =>
      architecture === spec.architecture ||
      isAnyArchitecture(architecture) ||
      distro.defaults.takesArchitecture?.(spec.architecture, architecture) === true,
  );
  repositories.replace(
    {
      distro: spec.distro,
      architecture: spec.architecture,
      url: identityOf(spec),
      base,
      release: distro.releaseOf(
        { packages: fitting, description: '', signedBy: '' },
        withoutRelease(spec, sources),
      ),
      name: spec.name,
      etag: '',
      lastModified: '',
      content,
      description: '',
      signedBy: '',
      trust: trust.fingerprint,
    },
    fitting,
  );
  return { spec, row: find() as RepositoryRow, changed: true };
}

function hasSuffix(name: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => name.endsWith(suffix));
}

function isAnyArchitecture(word: string): boolean {
  return word === 'noarch' || word === 'any' || word === 'all';
}
