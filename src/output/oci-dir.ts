import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { withFileLock } from '../lock/file-lock.ts';
import { AppError } from '../model/app-error.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { silentProgress } from '../model/progress.ts';
import { type Image, imageBlobs, indexDescriptors, type LayoutFile, OCI_LAYOUT } from './image.ts';
import type { WriteOptions } from './image-tar.ts';
import { mergeIndex } from './merge-index.ts';
import { damagedBlob, errnoOf, outputError, throwIfCancelled } from './storage-error.ts';

/** Hard links are not possible here: other file system, no permission, too many links, not supported. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
const LOCK_NAME = '.compose.lock';

/**
 * Writes or extends an OCI image layout (image-spec 1.1, "Image Layout") at `path`. Blobs are hard links into the
 * store where the file system allows it, else copies; those already there are kept. index.json is replaced last
 * and atomically, under a lock: what other images it names stays, a tag of this image moves here. An interrupted
 * call leaves the layout as it was, at most with blobs that nothing names yet.
 * @returns the bytes of the image's blobs
 * @throws AppError STORAGE (also when `path` holds something else), INTEGRITY, CANCELLED
 */
export function writeOciDirectory(
  image: Image,
  path: string,
  options: WriteOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const added = { blobs: imageBlobs(image), descriptors: indexDescriptors(image) };
  return extendOciDirectory(added, path, options);
}

export interface LayoutAddition {
  /** Also manifests and indexes */
  readonly blobs: readonly LayoutFile[];
  /** For index.json */
  readonly descriptors: readonly Descriptor[];
}

/** The same for what is more than an image: an index of several, with all that it names. */
export async function extendOciDirectory(
  { blobs, descriptors }: LayoutAddition,
  path: string,
  options: WriteOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const { progress = silentProgress, signal } = options;
  const sizeBytes = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  const task = progress.task(`write ${basename(path)}`, sizeBytes, 'bytes');
  try {
    openLayout(path);
    for (const blob of blobs) {
      throwIfCancelled(signal);
      placeBlob(path, blob);
      task.advance(blob.sizeBytes);
      await nextTurn();
    }
    const merge = async (): Promise<void> => {
      throwIfCancelled(signal);
      const index = join(path, 'index.json');
      const bytes = mergeIndex(readIfThere(index), descriptors, index);
      writeWhole(path, 'index.json', { bytes, mode: 0o644 });
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
function openLayout(path: string): void {
  mkdirSync(path, { recursive: true });
  const marker = join(path, 'oci-layout');
  const found = readIfThere(marker);
  if (found === undefined) {
    const foreign = readdirSync(path).filter((name) => name !== 'blobs' && !name.startsWith('.compose'));
    if (foreign.length > 0 && readIfThere(marker) === undefined) {
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
  mkdirSync(join(path, 'blobs', 'sha256'), { recursive: true });
  if (found === undefined) writeWhole(path, 'oci-layout', { bytes: OCI_LAYOUT, mode: 0o644 });
}

function placeBlob(layout: string, blob: LayoutFile): void {
  const target = join(layout, blob.path);
  const there = statSync(target, { throwIfNoEntry: false });
  if (there?.isFile() === true && there.size === blob.sizeBytes) return;
  if (typeof blob.content !== 'string') {
    writeWhole(layout, blob.path, { bytes: blob.content, mode: 0o444 });
    return;
  }
  const temp = temporary(layout);
  try {
    linkOrCopy(blob.content, temp);
    const { size } = statSync(temp);
    if (blob.digest !== undefined && size !== blob.sizeBytes) {
      throw damagedBlob({ digest: blob.digest, sizeBytes: blob.sizeBytes }, blob.content, `${size} bytes`);
    }
    renameSync(temp, target);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && blob.digest !== undefined && !isThere(blob.content)) {
      throw damagedBlob({ digest: blob.digest, sizeBytes: blob.sizeBytes }, blob.content, 'no such file');
    }
    throw error;
  } finally {
    // rename(2) of one hard link over another of the same file leaves both.
    discard(temp);
  }
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if (!NO_LINK.has(errnoOf(error))) throw error;
    copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    chmodSync(target, 0o444);
  }
}

function writeWhole(
  layout: string,
  name: string,
  { bytes, mode }: { bytes: Uint8Array; mode: number },
): void {
  const temp = temporary(layout);
  try {
    const descriptor = openSync(temp, 'wx', mode);
    try {
      writeFileSync(descriptor, bytes);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temp, join(layout, name));
  } finally {
    discard(temp);
  }
}

/** At the layout's top: readers of layouts take every name below `blobs/sha256` for a digest. */
function temporary(layout: string): string {
  return join(layout, `.compose-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
