import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { AppError } from '../../model/app-error.ts';
import { outputError } from '../../output/storage-error.ts';
import { type ArtifactFile, titlePath } from './manifest.ts';

/** Place to save a file of an artifact at. */
export interface Place {
  readonly file: ArtifactFile;
  /** The folder that the user named */
  readonly base: string;
  /** Path below `base`; empty: the folder itself */
  readonly path: string;
  /** The file is the archive of a folder, to be unpacked there */
  readonly unpacks: boolean;
}

/** Options of choosing places. */
export interface PlaceOptions {
  readonly output: string;
  /** One file is requested: `output` may be its own name */
  readonly single: boolean;
  readonly unpack: boolean;
  /** Name for an archive whose folder has none */
  readonly fallbackName: string;
}

/**
 * Chooses the place of each file.
 * @throws AppError BAD_ARCHIVE (titles that lead elsewhere), CONFLICT (two files in one place)
 */
export function placesOf(files: readonly ArtifactFile[], options: PlaceOptions): readonly Place[] {
  const { output, single, unpack } = options;
  const places = files.map((file): Place => {
    const unpacks = file.isFolder && unpack;
    if (single && !isFolder(output)) return { file, base: dirname(output), path: basename(output), unpacks };
    const path = titlePath(file);
    const archived = file.isFolder && !unpack;
    return { file, base: output, path: archived ? archiveName(path, file, options) : path, unpacks };
  });
  const byPath = new Map<string, Place>();
  for (const place of places) {
    if (byPath.has(place.path)) throw twice(place.path);
    byPath.set(place.path, place);
  }
  for (const { path } of places) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (byPath.get(path.slice(0, slash))?.unpacks === false) throw twice(path.slice(0, slash));
    }
  }
  return places;
}

/** Tells whether a path is an existing folder, or denotes one by its trailing slash. */
export function isFolder(path: string): boolean {
  return path.endsWith('/') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function archiveName(path: string, { descriptor }: ArtifactFile, { fallbackName }: PlaceOptions): string {
  const { mediaType } = descriptor;
  const [, encoding] = /tar(?:\+(gzip|zstd))?$/.exec(mediaType) ?? [];
  const suffix = { gzip: '.tar.gz', zstd: '.tar.zst' }[encoding ?? ''] ?? '.tar';
  return (path === '' ? fallbackName : path) + suffix;
}

function twice(path: string): AppError {
  return new AppError('CONFLICT', `two files of the artifact have the same path: ${JSON.stringify(path)}`, {
    hint: 'Save one of them with --title NAME -o FILE, or by its digest with compose artifact fetch.',
    details: { path },
  });
}

/**
 * Makes the folders that contain a place. Links are followed up to the folder that the user named, and refused below it.
 * @throws AppError CONFLICT, STORAGE
 */
export function prepareFolders({ base, path }: Place): void {
  try {
    makeFolder(base);
    let folder = realpathSync(base);
    for (const part of path.split('/').slice(0, -1)) {
      folder = join(folder, part);
      const there = lstatSync(folder, { throwIfNoEntry: false });
      if (there === undefined) makeFolder(folder);
      else if (!there.isDirectory()) {
        throw new AppError(
          'CONFLICT',
          `${folder}: expected a folder or nothing, got something else; files are never written through links`,
          {
            details: { path: folder },
          },
        );
      }
    }
  } catch (error) {
    throw outputError(error, join(base, path), 0);
  }
}

/** Returns the path of a place. The folder that the user named gets a trailing slash, so that it is followed if it is a link. */
export function pathOf({ base, path }: Place): string {
  return join(base, path === '' ? '/' : path);
}
