import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf } from '../files/errno.ts';
import { makeFolder } from '../files/make-folder.ts';
import { withFileLock } from '../lock/file-lock.ts';
import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { silentProgress } from '../model/progress.ts';
import { type Image, imageBlobs, indexDescriptors, type LayoutBlob, OCI_LAYOUT } from './image.ts';
import type { WriteOptions } from './image-tar.ts';
import { placeBlobs, writeWhole } from './layout-blobs.ts';
import { mergeIndex } from './merge-index.ts';
import { STDOUT } from './output-target.ts';
import { outputError, throwIfCancelled } from './storage-error.ts';
import { syncFolder } from './temp-file.ts';

const LOCK_NAME = '.compose.lock';
const BLOBS = join('blobs', 'sha256');
/** File by which a cache folder is recognised: its blobs are not a layout's. */
const CACHE_FILE = 'catalog.sqlite';

/**
 * Writes or extends an OCI image layout (image-spec 1.1, "Image Layout") at `path`. Blobs share their bytes with the store if the
 * file system allows it (placeBlobs), and are checked once; existing blobs are kept if they are right. index.json is replaced last
 * and atomically, under a lock: other images in it stay, a tag of this image moves to it. An interrupted call leaves the layout as
 * it was, possibly with blobs that nothing refers to yet.
 * @returns the total size of the image's blobs in bytes
 * @throws AppError STORAGE (also if `path` holds something else), INTEGRITY, CANCELLED
 */
export function writeOciDirectory(
  image: Image,
  path: string,
  options: WriteOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const added = { blobs: imageBlobs(image), descriptors: indexDescriptors(image) };
  return extendOciDirectory(added, path, options);
}

/** Blobs and descriptors to be added to a layout. */
export interface LayoutAddition {
  /** Layers, configs, manifests and indexes */
  readonly blobs: readonly LayoutBlob[];
  /** Descriptors to be added to index.json */
  readonly descriptors: readonly Descriptor[];
}

/**
 * Writes or extends a layout with an index of several images and everything it refers to; otherwise as writeOciDirectory.
 * @throws AppError USAGE (standard output), and as writeOciDirectory
 */
export async function extendOciDirectory(
  { blobs, descriptors }: LayoutAddition,
  path: string,
  options: WriteOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  if (path === STDOUT) {
    throw new AppError(
      'USAGE',
      '-o -: an OCI layout is a folder, which cannot be written to standard output',
      {
        hint: 'Pass a folder with -o PATH, or leave out --format oci-dir.',
      },
    );
  }
  const { progress = silentProgress, signal } = options;
  const sizeBytes = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  const task = progress.task(`write ${basename(path)}`, sizeBytes, 'bytes');
  try {
    await openLayout(path);
    await placeBlobs(path, blobs, { signal, placed: ({ sizeBytes }) => task.advance(sizeBytes) });
    syncFolder(join(path, BLOBS));
    const merge = async (): Promise<void> => {
      throwIfCancelled(signal);
      const index = join(path, 'index.json');
      const bytes = mergeIndex(readIfThere(index), descriptors, index);
      await writeWhole(index, path, { bytes, mode: 0o644 });
      syncFolder(path);
    };
    const onWait = () => progress.note(`waiting for another process that writes to ${path}`);
    await withFileLock(join(path, LOCK_NAME), { signal, onWait }, merge);
  } catch (error) {
    throw outputError(error, path, sizeBytes);
  } finally {
    task.done();
  }
  return { sizeBytes };
}

/** Makes the folders and `oci-layout`; refuses a folder that holds anything else. */
async function openLayout(path: string): Promise<void> {
  makeFolder(path);
  const marker = join(path, 'oci-layout');
  for (const name of ['oci-layout', 'index.json']) expectNoOther(join(path, name), (found) => found.isFile());
  for (const name of ['blobs', BLOBS]) expectNoOther(join(path, name), (found) => found.isDirectory());
  const found = readIfThere(marker);
  const names = readdirSync(path);
  if (found === undefined || names.includes(CACHE_FILE)) {
    const foreign = names.filter((name) => name !== 'blobs' && !name.startsWith('.compose'));
    const isMadeMeanwhile = readIfThere(marker) !== undefined && !names.includes(CACHE_FILE);
    if (foreign.length > 0 && !isMadeMeanwhile) {
      throw new AppError(
        'STORAGE',
        `${path} is not an OCI image layout: it holds ${foreign.slice(0, 3).join(', ')}`,
        {
          hint: 'Choose an empty or new folder with -o PATH.',
          details: { path, found: foreign.slice(0, 10) },
        },
      );
    }
  } else if (!/"imageLayoutVersion"\s*:\s*"1\.\d+\.\d+"/.test(found.toString('utf8'))) {
    throw new AppError(
      'STORAGE',
      `${marker}: expected imageLayoutVersion 1.x, got ${JSON.stringify(found.toString('utf8').slice(0, 200))}`,
      {
        hint: 'Choose an empty or new folder with -o PATH.',
        details: { path: marker },
      },
    );
  }
  makeFolder(join(path, BLOBS));
  if (found === undefined) await writeWhole(marker, path, { bytes: OCI_LAYOUT, mode: 0o644 });
}

/** Refuses links, which would lead out of the layout, and pipes, which would block. @throws AppError STORAGE */
function expectNoOther(path: string, isExpected: (found: Stats) => boolean): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || isExpected(found)) return;
  const kind = found.isSymbolicLink() ? 'symlink' : 'unexpected type of file';
  throw new AppError('STORAGE', `${path}: ${kind} in an OCI image layout`, {
    hint: 'Remove it, or choose another folder with -o PATH.',
    details: { path },
  });
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
