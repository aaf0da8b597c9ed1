import { required } from '../../model/required.ts';
import type { ServedFile } from '../../model/served-mirror.ts';
import { ContentGone } from '../http/content-gone.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { segments } from '../http/request-path.ts';
import { respond } from '../http/respond.ts';
import type { ListedEntry } from './listing.ts';
import { sendListing } from './listing.ts';
import { MirrorPackages, type PackageServices } from './mirror-packages.ts';
import {
  type MirrorRepository,
  type MirrorState,
  type MirrorStateOptions,
  MirrorStates,
} from './mirror-state.ts';
import { expectReading, sendFile, sendSmall } from './send-file.ts';

/** Options of the mirror. */
export type MirrorOptions = MirrorStateOptions & PackageServices;

const KEYS = 'keys';
const SIGNATURE = '.sig';
const TYPE = 'application/octet-stream';

/**
 * Serves the package repositories of the sources as mirrors of their distributions do, below `/mirror/<distro>/`: signed indexes as the
 * catalog has them, and packages from the cache or from the sources. Keys that clients need are below `keys/`.
 */
export function mirrorService(options: MirrorOptions): Service {
  const states = new MirrorStates(options);
  const packages = new MirrorPackages(options, (source) => states.expectChange(source));

  async function sendFromRepository(
    exchange: Exchange,
    repository: MirrorRepository,
    name: string,
  ): Promise<void> {
    const { index, source, rank, fileLists } = repository;
    if (sendsIndex(index.names, name)) {
      return await sendKept(exchange, index, name).catch((error: unknown) => {
        if (error instanceof ContentGone) states.forget(source);
        throw error;
      });
    }
    if (sendsIndex(fileLists, name)) {
      const lists = await options.pool.run('servedFileLists', { source, rank }, exchange);
      return sendKept(exchange, lists, name);
    }
    const found = await packages.get(exchange, repository, name);
    if (found.kind === 'bytes')
      return sendSmall(exchange, found.bytes, { contentType: TYPE, lastModified: '' });
    await sendFile(exchange, { ...found, contentType: TYPE });
  }

  async function sendKept(exchange: Exchange, file: ServedFile, name: string): Promise<void> {
    const { digest, sizeBytes, lastModified, signature } = file;
    if (name.endsWith(SIGNATURE)) {
      if (signature.length === 0)
        throw new HttpError(404, 'NOT_FOUND', `${name}: there is no such signature`);
      return sendSmall(exchange, signature, { contentType: TYPE, lastModified });
    }
    const path = options.store.pathOf(digest);
    const headers = { 'cache-control': 'no-cache' };
    const blob = { kind: 'file', path, sizeBytes } as const;
    await sendFile(exchange, { blob, etag: `"${digest}"`, lastModified, contentType: TYPE, headers });
  }

  return {
    async handle(exchange) {
      expectReading(exchange);
      const [, distro, ...path] = segments(exchange.path);
      if (distro === undefined) return redirectToFolder(exchange);
      if (distro === '' && path.length === 0)
        return sendListing(exchange, { path: '/mirror/', entries: folders(states.distros) });
      const state = await states.of(distro, exchange);
      if (state === undefined) throw unknownDistro(distro, states.distros);
      if (path.length === 0) return redirectToFolder(exchange);
      const name = path.at(-1) as string;
      const folder = path.slice(0, -1).join('/');
      const repository = state.repositories.get(folder);
      if (repository !== undefined && name !== '') return sendFromRepository(exchange, repository, name);
      const key = folder === KEYS ? state.keys.get(name) : undefined;
      if (key !== undefined) return respond(exchange, 200, { 'content-type': 'application/x-pem-file' }, key);
      const listed = entriesOf(state, path.join('/').replace(/\/$/, ''));
      if (listed.length === 0 && folder + name !== '') throw notThere(state, distro, path.join('/'));
      if (name !== '') return redirectToFolder(exchange);
      sendListing(exchange, {
        path: `/mirror/${distro}/${path.join('/')}`,
        entries: listed,
        notes: [...notesOf(repository), ...(path.length === 1 ? state.notes : [])],
      });
    },
  };
}

const sendsIndex = (names: readonly string[], name: string): boolean =>
  names.some((known) => name === known || name === known + SIGNATURE);

function folders(names: readonly string[]): readonly ListedEntry[] {
  return names.map((name) => ({ name, kind: 'folder' }));
}

/** Returns what is in a folder: folders above repositories, index files of a repository, keys. */
function entriesOf(state: MirrorState, folder: string): readonly ListedEntry[] {
  if (folder === KEYS)
    return [...state.keys].map(([name, { length }]) => ({ name, kind: 'file', sizeBytes: length }));
  const repository = state.repositories.get(folder);
  if (repository !== undefined) {
    const { names, sizeBytes, digest, signature } = repository.index;
    const name = required(names, 0);
    const file: ListedEntry = { name, kind: 'file', sizeBytes, digest };
    if (signature.length === 0) return [file];
    return [file, { name: `${name}${SIGNATURE}`, kind: 'file', sizeBytes: signature.length }];
  }
  const prefix = folder === '' ? '' : `${folder}/`;
  const below = [...state.repositories.keys()]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length).split('/', 1)[0] as string);
  return folders([...new Set(folder === '' && state.keys.size > 0 ? [...below, KEYS] : below)].sort());
}

function notesOf(repository: MirrorRepository | undefined): readonly string[] {
  return repository === undefined
    ? []
    : [`${repository.packages} packages, each at its file name below this folder; the index lists them.`];
}

function redirectToFolder(exchange: Exchange): void {
  const name = exchange.path.slice(exchange.path.lastIndexOf('/') + 1);
  respond(exchange, 301, { location: `./${name}/` });
}

function unknownDistro(distro: string, known: readonly string[]): HttpError {
  const text = `no mirror of ${JSON.stringify(distro)} here: expected ${known.join(' or ')}`;
  return new HttpError(404, 'NOT_FOUND', text);
}

function notThere(state: MirrorState, distro: string, path: string): HttpError {
  const known = [...state.repositories.keys()].join(', ');
  const notes = state.notes.length === 0 ? '' : ` (${state.notes.join('; ')})`;
  return new HttpError(404, 'NOT_FOUND', `/mirror/${distro} has no ${path}: it has ${known}${notes}`);
}
