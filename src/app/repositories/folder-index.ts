import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mapConcurrent } from '../../fetch/pool.ts';
import { isLocal, localPath } from '../../fetch/url.ts';
import { readLimitedFile } from '../../files/limited-file.ts';
import { AppError, type ErrorCode } from '../../model/app-error.ts';
import { digestOf } from '../../model/digest.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { RepositorySpec } from '../../model/repository.ts';
import { required } from '../../model/required.ts';
import { fetchKeysInFolder } from '../archives/fetch-keys.ts';
import { ingestFile } from '../archives/ingest-file.ts';
import { type RefusedArchive, withRefused } from '../archives/refused-archives.ts';
import { retryWithKeys } from '../archives/retry-with-keys.ts';
import type { Context } from '../context.ts';
import { MAX_SIGNATURE_BYTES } from '../sources/detached-signature.ts';
import {
  type IndexedRepository,
  identityOf,
  storedRow,
  withoutRelease,
  writeOptions,
} from '../sources/indexed-repository.ts';
import type { Sources } from '../sources/sources.ts';
import { archivesIn } from './find-index.ts';

/** Archives read at a time: enough to overlap reading and hashing on the thread pool. */
const CONCURRENCY = 4;
/**
 * Codes of errors that refuse the whole folder: those that no archive is to blame for, and those that `--allow-untrusted` or a
 * key would avoid.
 */
const REFUSES_ALL: ReadonlySet<ErrorCode> = new Set([
  'SIGNATURE',
  'UNTRUSTED_KEY',
  'STORAGE',
  'CATALOG',
  'CANCELLED',
]);

/**
 * Indexes a folder of archives without an index, by their own metadata.
 * @throws AppError of an archive that refuses the whole folder (REFUSES_ALL), or if all are refused
 */
export async function indexFolder(
  context: Context,
  sources: Sources,
  spec: RepositorySpec,
): Promise<IndexedRepository> {
  const { distro, trust } = sources;
  const suffixes = distro.archives.names.suffixes;
  const folders = spec.baseUrls.filter(isLocal).map(localPath);
  const base = required(
    folders.filter((folder) => archivesIn(folder, suffixes).length > 0),
    0,
  );
  const files = archivesIn(base, suffixes).map((name) => ({
    name,
    stat: statSync(join(base, name), { throwIfNoEntry: false }),
  }));
  const content = digestOf(
    files.map(({ name, stat }) => `${name}\0${stat?.size}\0${stat?.mtimeMs}\n`).join(''),
  );
  const { repositories } = context.catalog;
  const old = repositories.find(spec.distro, spec.architecture, identityOf(spec));
  if (old?.content === content && trust.accepts(old.trust)) return { spec, row: old, changed: false };

  const withKeys = retryWithKeys(trust, () => fetchKeysInFolder(context, sources, base));
  const task = context.progress.task(`read ${base}`, files.length, 'items');
  const unread: RefusedArchive[] = [];
  const found = await mapConcurrent(files, CONCURRENCY, async ({ name }): Promise<IndexPackage[]> => {
    const path = join(base, name);
    try {
      const signature = existsSync(`${path}.sig`)
        ? readLimitedFile(`${path}.sig`, MAX_SIGNATURE_BYTES)
        : undefined;
      const file = {
        content: path,
        where: path,
        distro,
        trust,
        ...(signature === undefined ? {} : { signature }),
      };
      const { facts } = await withKeys(() => ingestFile(context, file));
      return [distro.archives.describe(facts, name)];
    } catch (error) {
      // One bad archive does not affect the others.
      if (!(error instanceof AppError) || REFUSES_ALL.has(error.code)) throw error;
      unread.push({ fileName: name, error });
      return [];
    } finally {
      task.advance(1);
    }
  });
  task.done();
  unread.sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  if (unread[0] !== undefined && unread.length === files.length) throw unread[0].error;
  for (const { error } of unread) context.progress.note(`${error.message}; skipped`);
  const packages = withRefused(found.flat(), unread, { distro, architecture: spec.architecture });
  const fitting = packages.filter(({ architecture }) =>
    distro.architectures.takes(spec.architecture, architecture),
  );
  await repositories.replace(
    {
      distro: spec.distro,
      architecture: spec.architecture,
      url: identityOf(spec),
      base,
      release: distro.releases.of(
        { description: '', versionOf: (name) => fitting.find((entry) => entry.name === name)?.version },
        withoutRelease(spec, sources),
      ),
      name: spec.name,
      etag: '',
      lastModified: '',
      content,
      description: '',
      signedBy: '',
      trust: trust.label,
    },
    fitting,
    writeOptions(context, spec.name),
  );
  return { spec, row: storedRow(context, spec), changed: true };
}
