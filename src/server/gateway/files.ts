import { type AppError, isAppError } from '../../model/app-error.ts';
import type { Digest } from '../../model/digest.ts';
import type { RegistrySession } from '../../registry/types.ts';
import type { FileBlobStore } from '../../store/blob-store.ts';
import type { SharedDownloads } from '../../store/shared-downloads.ts';
import type { Origin } from '../content.ts';
import type { Exchange, Service } from '../http/exchange.ts';
import { HttpError } from '../http/http-error.ts';
import { segments } from '../http/request-path.ts';
import { respond } from '../http/respond.ts';
import {
  type ArtifactRepository,
  isUnreachable,
  ownRepository,
  remoteRepository,
} from './artifact-repository.ts';
import { type FilePath, type FilePattern, OWN, parseFilePath } from './file-repositories.ts';
import { entriesIn, type FileTree, type TreeFile } from './file-tree.ts';
import { Generations } from './generations.ts';
import { sendListing } from './listing.ts';
import { expectReading, sendFile } from './send-file.ts';
import { TagFiles } from './tag-files.ts';

/** Services of the files. */
export interface FilesOptions {
  /** Repositories of registries that may be read */
  readonly patterns: readonly FilePattern[];
  /** Content of this server, below `/files/-/`; undefined: none */
  readonly own: Origin | undefined;
  readonly store: FileBlobStore;
  readonly downloads: SharedDownloads;
  session(): RegistrySession;
  /** The clock, for tests */
  readonly nowMs?: () => number;
}

/** Number of names that a 404 lists. */
const MAX_NAMED = 20;

/**
 * Serves the files of artifacts as read-only trees: `/files/REG/NAME:TAG/path`, and this server's own at `/files/-/NAME:TAG/path`.
 * Manifests are read when a file is asked for; files are fetched when they are asked for.
 */
export function filesService(options: FilesOptions): Service {
  const generations = new Generations(options.nowMs);
  const tagFiles = new TagFiles(generations);

  function open(exchange: Exchange, { repository }: FilePath): ArtifactRepository {
    if (repository.domain !== OWN) {
      const { store, downloads } = options;
      return remoteRepository(repository, { session: options.session(), store, downloads });
    }
    const { identity } = exchange;
    if (options.own === undefined || !identity.may('pull', repository.path))
      throw new HttpError(404, 'NAME_UNKNOWN', `no repository ${repository.path} here`);
    return ownRepository(repository, options.own, exchange);
  }

  /** The newest first */
  async function digestsOf(
    repository: ArtifactRepository,
    { version }: FilePath,
  ): Promise<readonly Digest[]> {
    if (version === undefined) return [];
    if ('digest' in version) return [version.digest];
    const digests = await generations.ofTag(repository, version.tag);
    if (digests.length > 0) return digests;
    throw new HttpError(404, 'MANIFEST_UNKNOWN', `${repository.name} has no tag ${version.tag}`);
  }

  async function find(repository: ArtifactRepository, digests: readonly Digest[], at: FilePath) {
    const [newest, ...earlier] = digests;
    const tree = newest === undefined ? EMPTY : await generations.tree(repository, newest);
    const here = tree.files.get(at.path);
    if (here !== undefined) return { tree, file: here, digest: newest };
    if (at.path === '' || at.path.endsWith('/') || entriesIn(tree, `${at.path}/`) !== undefined)
      return { tree };
    for (const digest of earlier) {
      const file = (await generations.earlier(repository, digest))?.files.get(at.path);
      if (file !== undefined) return { tree, file, digest };
    }
    // A digest names one artifact and nothing beside it.
    const isPinned = at.version !== undefined && 'digest' in at.version;
    const file = isPinned ? undefined : await tagFiles.find(repository, at.path);
    return { tree, file };
  }

  return {
    async handle(exchange) {
      expectReading(exchange);
      const [, ...rest] = segments(exchange.path);
      if (rest.length === 0 || rest[0] === '') return sendRoots(exchange, options.patterns);
      const at = parseFilePath(rest, options.patterns);
      if (exchange.path.includes('//'))
        throw new HttpError(404, 'NOT_FOUND', 'a path without empty parts is expected');
      const repository = open(exchange, at);
      try {
        const digests = await digestsOf(repository, at);
        const { tree, file, digest } = await find(repository, digests, at);
        if (file !== undefined) {
          const blob = await repository.blob(exchange, file);
          return await sendFile(exchange, { blob, ...headersOf(at, file, digest) });
        }
        await sendFolder(exchange, { repository, at, tree, digest: digests[0] });
      } catch (error) {
        throw explained(error, repository);
      }
    },
  };

  async function sendFolder(exchange: Exchange, { repository, at, tree, digest }: Folder): Promise<void> {
    const { path, version } = at;
    const shown = version === undefined ? await tagFiles.all(repository) : tree;
    const folder = path === '' || path.endsWith('/') ? path : `${path}/`;
    const entries = entriesIn(shown, folder);
    if (entries === undefined) throw notThere(repository, shown, path);
    if (!exchange.path.endsWith('/')) {
      const name = exchange.path.slice(exchange.path.lastIndexOf('/') + 1);
      return respond(exchange, 301, { location: `./${name}/` });
    }
    const headers = digest === undefined ? {} : { 'x-artifact-digest': digest };
    sendListing(exchange, { path: `${at.root}/${folder}`, entries, notes: shown.notes }, headers);
  }
}

interface Folder {
  readonly repository: ArtifactRepository;
  readonly at: FilePath;
  readonly tree: FileTree;
  readonly digest: Digest | undefined;
}

const EMPTY: FileTree = { files: new Map(), notes: [] };

function headersOf(at: FilePath, { digest }: TreeFile, artifact: Digest | undefined) {
  const { version, root, path } = at;
  const isPinned = version !== undefined && 'digest' in version;
  const name = version !== undefined && 'tag' in version ? root.slice(0, -version.tag.length - 1) : root;
  const location = `${name}@${artifact}/${path}`.split('/').map(encodeSegment).join('/');
  return {
    etag: `"${digest}"`,
    lastModified: '',
    contentType: typeOf(path),
    headers: {
      'cache-control': isPinned ? 'max-age=31536000, immutable' : 'no-cache',
      ...(artifact === undefined ? {} : { 'content-location': location }),
    },
  };
}

const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment).replace(/%(?:3A|40|2B)/g, decodeURIComponent);

/** Never a type that browsers run. */
const TYPES: Readonly<Record<string, string>> = {
  xml: 'application/xml',
  json: 'application/json',
  gz: 'application/gzip',
  xz: 'application/x-xz',
  zst: 'application/zstd',
  bz2: 'application/x-bzip2',
  rpm: 'application/x-rpm',
  deb: 'application/vnd.debian.binary-package',
  txt: 'text/plain; charset=utf-8',
  asc: 'text/plain; charset=utf-8',
};

function typeOf(path: string): string {
  const ending = /\.([a-z0-9]+)$/.exec(path)?.[1] ?? '';
  return (Object.hasOwn(TYPES, ending) ? TYPES[ending] : undefined) ?? 'application/octet-stream';
}

function sendRoots(exchange: Exchange, patterns: readonly FilePattern[]): void {
  const entries = patterns.map(
    ({ text }) => ({ name: text, kind: 'folder', href: `/files/${text}/` }) as const,
  );
  const notes = [
    'Files of artifacts: /files/REG/NAME:TAG/path, and of this server itself: /files/-/NAME:TAG/path.',
    ...(patterns.length === 0 ? ['No repository of another registry is configured (--files-from).'] : []),
  ];
  sendListing(exchange, { path: '/files/', entries, notes });
}

function notThere(repository: ArtifactRepository, { files }: FileTree, path: string): HttpError {
  const archive = [...files].find(([name, file]) => file.isArchive && path.startsWith(`${name}/`))?.[0];
  if (archive !== undefined) {
    const text = `${archive} was pushed as one archive, which is at that path: push its files instead`;
    return new HttpError(404, 'NOT_FOUND', `${repository.name}: no ${path}: ${text}`);
  }
  const names = [...files.keys()];
  const named = names.slice(0, MAX_NAMED).join(', ');
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const has = names.length === 0 ? 'there is no file' : `there are ${named}${more}`;
  return new HttpError(404, 'NOT_FOUND', `${repository.name}: no ${path}: ${has}`);
}

/** Says whose fault it is: a registry that cannot be asked, or that has something else, is not the client's. */
function explained(error: unknown, { name }: ArtifactRepository): unknown {
  if (!isAppError(error)) return error;
  if (isUnreachable(error))
    return new HttpError(502, 'UNAVAILABLE', `${name}: ${error.message}`, { cause: error });
  if (error.code === 'NOT_FOUND')
    return new HttpError(404, 'MANIFEST_UNKNOWN', error.message, { cause: error });
  if (BAD.has(error.code)) return new HttpError(502, 'UNAVAILABLE', error.message, { cause: error });
  return error;
}

const BAD: ReadonlySet<AppError['code']> = new Set([
  'INTEGRITY',
  'BAD_ARCHIVE',
  'UNSUPPORTED',
  'LIMIT',
  'CONFLICT',
  'USAGE',
]);
