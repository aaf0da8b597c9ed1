import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { throwIfCancelled } from '../output/storage-error.ts';
import type { BackendName, Place, RunOptions } from './command.ts';
import { makeOwnFolder, type OwnedFolder, removeAbandoned, removeFolders } from './folder.ts';
import type { IdRange } from './id-map.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from './limits.ts';
import { noSandbox, requirePrograms, searchPath } from './programs.ts';
import { runCommand } from './run-command.ts';
import { type NamespaceProcess, openUserNamespace, type UserNamespace } from './user-namespace.ts';

/** Options of a sandbox. */
export interface SandboxOptions {
  /** Folder to make the sandbox's own folder in, on a file system with owners, modes and extended attributes */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly limits?: Partial<SandboxLimits>;
  /** The only backend to try; undefined: the first that works */
  readonly backend?: BackendName | undefined;
}

/**
 * A root in a folder of its own, to be filled, run in and read back, in this order. Files have the root's own owners, whoever
 * runs this.
 */
export interface Sandbox {
  /** Folder for the caller's files, on the same file system; removed with the sandbox */
  readonly folder: string;
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** Fills the root from a tar without devices. @throws AppError STORAGE with tar's own words */
  unpack(tar: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Runs a command with the root as `/`; all its processes have ended afterwards.
   * @throws AppError UNSUPPORTED if no backend starts it, LIMIT, CANCELLED; STORAGE if the disk is almost full
   */
  run(command: RunOptions): Promise<{ readonly exitCode: number; readonly backend: BackendName }>;
  /** Packs the root as a tar in order of names, without the paths `leftOut`. @throws AppError STORAGE, LIMIT */
  pack(leftOut: readonly string[]): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

/** The end of a program's output names the cause of a failure. */
const MAX_COMPLAINT_CHARACTERS = 4_000;
const TAR_XATTRS = ['user.*', 'security.capability', 'system.posix_acl_*'].map(
  (mask) => `--xattrs-include=${mask}`,
);

/** Tells whether an unprivileged root can set an extended attribute; others need the machine's own root. */
export function isCarriedXattr(name: string): boolean {
  return name.startsWith('user.') || name === 'security.capability' || name.startsWith('system.posix_acl_');
}

/**
 * Makes a user namespace and an empty root.
 * @throws AppError UNSUPPORTED naming what is missing on this machine; STORAGE, CANCELLED
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (process.platform !== 'linux') {
    throw noSandbox(`none can be made on ${process.platform}`, 'Run it on Linux, or use --install static.');
  }
  const path = searchPath(options.env);
  requirePrograms(path, process.geteuid?.() === 0);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const namespace = await openUserNamespace(path);
  let owned: OwnedFolder | undefined;
  const close = async (): Promise<void> => {
    await namespace.close();
    if (owned !== undefined) await removeFolders([owned.path], path);
    owned?.lock.release();
  };
  try {
    owned = await makeOwnFolder(options.directory, options.signal);
    const folder = owned.path;
    await removeAbandoned(options.directory, path).catch(() => {});
    const root = join(folder, 'root');
    makeRoot(root, namespace);
    const { uids, gids } = namespace;
    const state: Place = { ...options, limits, namespace, root, path };
    return {
      folder,
      uids,
      gids,
      close,
      unpack: (tar) => unpack(state, tar),
      run: (command) => runCommand(state, command),
      pack: (leftOut) => pack(state, leftOut),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeRoot(root: string, { uids, gids }: UserNamespace): void {
  mkdirSync(root);
  chmodSync(root, 0o755);
  if (process.geteuid?.() === 0) chownSync(root, uids[0]?.outside ?? 0, gids[0]?.outside ?? 0);
}

async function unpack(state: Place, tar: AsyncIterable<Uint8Array>): Promise<void> {
  const words = ['tar', '--extract', '--file=-', '--numeric-owner', '--same-owner', '--same-permissions'];
  let broken: unknown;
  async function* input(): AsyncGenerator<Uint8Array> {
    try {
      yield* tar;
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  const child = state.namespace.start([...words, '--xattrs', ...TAR_XATTRS], {
    folder: state.root,
    input: input(),
  });
  const complaint = tail(child);
  child.stdout.resume();
  const { exitCode, why } = await child.ended;
  throwIfCancelled(state.signal);
  if (broken !== undefined) throw broken;
  if (exitCode === 0) return;
  throw new AppError('STORAGE', `${state.root}: tar could not unpack: ${complaint() || why}`, {
    hint: 'Use --cache DIR to put the cache on a local file system with enough space and support for owners, modes and extended attributes.',
  });
}

async function* pack(state: Place, leftOut: readonly string[]): AsyncGenerator<Buffer> {
  const words = ['tar', '--create', '--file=-', '--format=posix', '--numeric-owner', '--sort=name'];
  const excluded = leftOut.map((path) => `--exclude=./${path}`);
  const child = state.namespace.start(
    [
      ...words,
      '--pax-option=delete=atime,delete=ctime',
      '--xattrs',
      ...TAR_XATTRS,
      '--anchored',
      '--no-wildcards',
      ...excluded,
      '.',
    ],
    { folder: state.root },
  );
  const complaint = tail(child);
  let bytes = 0;
  for await (const chunk of child.stdout) {
    throwIfCancelled(state.signal);
    bytes += chunk.length;
    if (bytes > state.limits.rootBytes) {
      throw new AppError(
        'LIMIT',
        `package scripts left more than ${state.limits.rootBytes} bytes in the root`,
      );
    }
    yield chunk;
  }
  const { exitCode, why } = await child.ended;
  throwIfCancelled(state.signal);
  if (exitCode === 0) return;
  throw new AppError('STORAGE', `${state.root}: tar could not read it back: ${complaint() || why}`);
}

/** Keeps the end of what a process prints on standard error. */
function tail(child: NamespaceProcess): () => string {
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-MAX_COMPLAINT_CHARACTERS);
  });
  return () => text.trim();
}
