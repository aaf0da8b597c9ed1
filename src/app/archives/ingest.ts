import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { families, familyOfFile } from '../../distros/families.ts';
import { download, whileDownloading } from '../../fetch/http.ts';
import { mapConcurrent } from '../../fetch/pool.ts';
import { fileNameOf, isLocal, localPath, redactUrl } from '../../fetch/url.ts';
import { readLimitedFile } from '../../files/limited-file.ts';
import { AppError } from '../../model/app-error.ts';
import { digestOf, hexOf } from '../../model/digest.ts';
import type { DistroId } from '../../model/package.ts';
import type { IngestReport, SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { Context } from '../context.ts';
import { MAX_SIGNATURE_BYTES, readDetachedSignature } from '../sources/detached-signature.ts';
import { resolveSources, type Sources } from '../sources/sources.ts';
import { ingestFile } from './ingest-file.ts';

/** Archives read at a time: reading, hashing and inflating overlap on the thread pool. */
const CONCURRENCY = 4;
const MAX_ARCHIVE_BYTES = 16 * 1024 ** 3;

/** Request of `ingest`. */
export interface IngestRequest {
  readonly source: SourceOptions;
  /** Archives, folders of archives, URLs of archives */
  readonly inputs: readonly string[];
}

/**
 * Adds archives to the cache. A refused archive does not stop the others, but any refusal fails the call.
 * @throws AppError with the code of the first refusal, and all refusals in its message
 */
export async function ingest(context: Context, request: IngestRequest): Promise<readonly IngestReport[]> {
  const files = request.inputs.flatMap(expand);
  const sources = new Map<DistroId, Sources>();
  for (const { distro } of files) {
    if (!sources.has(distro)) {
      sources.set(distro, await resolveSources(context, { ...request.source, distro }));
    }
  }
  const task = context.progress.task('ingest', files.length, 'items');
  const refused: AppError[] = [];
  const reports = await mapConcurrent(files, CONCURRENCY, async (file) => {
    try {
      return await ingestOne(context, required(sources, file.distro), file.location);
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'CANCELLED' || error.code === 'STORAGE') throw error;
      refused.push(error);
      return undefined;
    } finally {
      task.advance(1);
    }
  });
  task.done();
  const taken = reports.filter((report) => report !== undefined);
  const [first] = refused;
  if (first === undefined) return taken;
  throw new AppError(first.code, refused.map((error) => error.message).join('\n'), {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    details: { ...first.details, refused: refused.length, taken: taken.length },
    cause: first,
  });
}

interface Input {
  readonly location: string;
  readonly distro: DistroId;
}

function expand(input: string): readonly Input[] {
  if (isLocal(input)) {
    const path = localPath(input);
    if (!existsSync(path)) throw new AppError('NOT_FOUND', `${path}: no such file or folder`);
    if (statSync(path).isDirectory()) {
      const found = readdirSync(path)
        .sort()
        .flatMap((name) => {
          const family = familyOfFile(name);
          return family === undefined ? [] : [{ location: join(path, name), distro: family.id }];
        });
      if (found.length > 0) return found;
      throw new AppError('NOT_FOUND', `${path}: no package archives in this folder`, { hint: hint() });
    }
  }
  const family = familyOfFile(isLocal(input) ? basename(input) : fileNameOf(input));
  if (family === undefined) {
    throw new AppError('UNSUPPORTED', `${redactUrl(input)}: not a package archive name`, {
      hint: hint(),
    });
  }
  return [{ location: input, distro: family.id }];
}

function hint(): string {
  const suffixes = families().flatMap(({ archiveNames }) => archiveNames.suffixes);
  return `Use an archive whose name ends in ${suffixes.join(', ')}.`;
}

async function ingestOne(context: Context, sources: Sources, location: string): Promise<IngestReport> {
  if (isLocal(location)) return ingestFrom(context, sources, { location, path: localPath(location) });
  const path = context.store.partialPath(hexOf(digestOf(location)));
  return whileDownloading(path, context, async () => {
    const { signal, progress } = context;
    await download([location], path, { signal, progress, maxBytes: MAX_ARCHIVE_BYTES });
    return ingestFrom(context, sources, { location, path });
  });
}

async function ingestFrom(
  context: Context,
  sources: Sources,
  { location, path }: { readonly location: string; readonly path: string },
): Promise<IngestReport> {
  const { distro, trust } = sources;
  const local = isLocal(location);
  const signature = distro.keys.detached ? await signatureOf(context, sources, location) : undefined;
  const file = {
    content: path,
    where: redactUrl(location),
    distro,
    trust,
    adopt: !local,
    ...(signature === undefined ? {} : { signature }),
  };
  try {
    const { facts, added } = await ingestFile(context, file);
    return {
      source: redactUrl(location),
      name: facts.name,
      version: facts.version,
      digest: facts.digest,
      sizeBytes: facts.sizeBytes,
      diffId: facts.diffId,
      files: facts.files.length,
      unstackable: facts.layerProblem ?? '',
      signedBy: facts.signedBy,
      added,
    };
  } catch (error) {
    if (!local) rmSync(path, { force: true });
    throw error;
  }
}

async function signatureOf(
  context: Context,
  sources: Sources,
  location: string,
): Promise<Uint8Array | undefined> {
  if (!isLocal(location)) return readDetachedSignature(context, sources, location);
  const path = `${localPath(location)}.sig`;
  return existsSync(path) ? readLimitedFile(path, MAX_SIGNATURE_BYTES) : undefined;
}
