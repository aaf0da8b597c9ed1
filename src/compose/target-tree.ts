import { createHash } from 'node:crypto';
import type { GeneratedFile } from '../distros/distro.ts';
import type { DirectoryOwnership, InstalledPackage, TreeRules } from '../distros/install.ts';
import { AppError } from '../model/app-error.ts';
import type { FileEntry } from '../model/archive.ts';
import { directoryInode, type Inode, inodeOf, parentOf, type Tree } from './tree.ts';

/** Symlinks followed before a path is called a loop, as Linux does (path_resolution(7): 40). */
const MAX_SYMLINKS = 40;

/** A file that two packages ship, and how it was decided: `loser`'s layer belongs below `winner`'s. */
export interface DecidedClash {
  readonly path: string;
  readonly winner: InstalledPackage;
  readonly loser: InstalledPackage;
}

export interface TargetTree {
  readonly tree: Tree;
  readonly clashes: readonly DecidedClash[];
}

export interface TargetTreeInput {
  /** In install order */
  readonly packages: readonly InstalledPackage[];
  readonly rules: TreeRules;
  readonly generated: readonly GeneratedFile[];
  /** Seconds; mtime of generated files and of directories that nobody ships */
  readonly time: number;
}

/**
 * The tree that the real package manager leaves on an empty root: packages one after another, symlinked
 * directories followed, clashes decided by its rules, plus the generated files.
 * @throws AppError CONFLICT naming both owners where the tool refuses; BAD_ARCHIVE for a symlink loop
 */
export function targetTree(input: TargetTreeInput): TargetTree {
  const state: State = { ...input, tree: new Map(), owners: new Map(), clashes: [] };
  for (const installed of input.packages) {
    for (const entry of installed.facts.files) {
      if (!input.rules.isMetadata(entry.path)) install(state, installed, entry);
    }
  }
  for (const file of input.generated) {
    ensureParents(state, file.path);
    state.tree.set(file.path, generatedInode(file, input.time));
  }
  return { tree: state.tree, clashes: state.clashes };
}

interface State extends TargetTreeInput {
  readonly tree: Tree;
  readonly owners: Map<string, InstalledPackage>;
  readonly clashes: DecidedClash[];
}

function install(state: State, installed: InstalledPackage, entry: FileEntry): void {
  const path = locate(state, entry.path, installed);
  const existing = state.tree.get(path);
  if (entry.type === 'directory') {
    installDirectory(state, { entry, path, existing });
    return;
  }
  const owner = state.owners.get(path);
  if (existing !== undefined && owner !== installed) {
    if (existing.type === 'directory' || owner === undefined) {
      throw conflict(path, owner, installed, 'a directory is there already');
    }
    const decision = state.rules.decideClash(owner, installed, path);
    if (decision === 'refuse') throw conflict(path, owner, installed, 'both ship it');
    const winner = decision === 'earlier' ? owner : installed;
    state.clashes.push({ path, winner, loser: winner === owner ? installed : owner });
    if (decision === 'earlier') return;
  }
  state.tree.set(path, inodeFor(state, installed, entry));
  state.owners.set(path, installed);
}

function installDirectory(
  state: State,
  at: { entry: FileEntry; path: string; existing: Inode | undefined },
): void {
  const { entry, existing } = at;
  if (existing === undefined) {
    state.tree.set(at.path, directoryInode(entry));
    return;
  }
  // A symlink to a directory is followed; to nothing yet, the directory it names is made.
  const path = existing.type === 'symlink' ? resolveDirectory(state, at.path, 0, () => at.path) : at.path;
  const current = state.tree.get(path);
  if (current === undefined) {
    ensureParents(state, path);
    state.tree.set(path, directoryInode(entry));
    return;
  }
  if (current.type !== 'directory') {
    throw new AppError(
      'CONFLICT',
      `/${path}: a package ships a directory where another ships a ${current.type}`,
    );
  }
  const merged: DirectoryOwnership = state.rules.mergeDirectory(current, entry);
  state.tree.set(path, { ...current, mode: merged.mode, uid: merged.uid, gid: merged.gid });
}

function inodeFor(state: State, installed: InstalledPackage, entry: FileEntry): Inode {
  if (entry.type !== 'hardlink') return inodeOf(entry, installed.facts.digest);
  const target = locate(state, entry.linkTarget, installed);
  const inode = state.tree.get(target);
  if (inode === undefined || inode.type === 'directory') {
    throw new AppError(
      'BAD_ARCHIVE',
      `${nameOf(installed)}: hard link ${entry.path} points at ${entry.linkTarget}, which is not a file of it`,
    );
  }
  return inode;
}

/** The real place of a path: its parents' symlinks followed, missing parents made. */
function locate(state: State, path: string, installed: InstalledPackage): string {
  const parent = parentOf(path);
  if (parent === '') return path;
  // A tree never holds entries below a symlink, so a directory that is in it is at its real place.
  if (state.tree.get(parent)?.type === 'directory') return path;
  const real = resolveDirectory(state, parent, 0, () => nameOf(installed));
  return `${real === '' ? '' : `${real}/`}${path.slice(parent.length + 1)}`;
}

/** Resolves a directory component by component; makes the missing ones (0755, root), as both tools do. */
function resolveDirectory(state: State, path: string, depth: number, who: () => string): string {
  if (depth > MAX_SYMLINKS)
    throw new AppError('BAD_ARCHIVE', `${who()}: /${path}: too many levels of symbolic links`);
  let real = '';
  const parts = path.split('/');
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as string;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      real = parentOf(real);
      continue;
    }
    const next = real === '' ? part : `${real}/${part}`;
    const inode = state.tree.get(next);
    if (inode === undefined) {
      state.tree.set(next, directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: state.time }));
      real = next;
    } else if (inode.type === 'directory') {
      real = next;
    } else if (inode.type === 'symlink') {
      const rest = parts.slice(index + 1).join('/');
      const base = inode.linkTarget.startsWith('/') ? '' : `${real}/`;
      return resolveDirectory(state, `${base}${inode.linkTarget}/${rest}`, depth + 1, who);
    } else {
      throw new AppError(
        'CONFLICT',
        `${who()}: /${next} is a ${inode.type}, not a directory, so /${path} cannot be made`,
      );
    }
  }
  return real;
}

function ensureParents(state: State, path: string): void {
  const parent = parentOf(path);
  if (parent !== '' && state.tree.get(parent)?.type !== 'directory') {
    resolveDirectory(state, parent, 0, () => path);
  }
}

function generatedInode(file: GeneratedFile, time: number): Inode {
  return {
    type: 'file',
    mode: file.mode,
    uid: 0,
    gid: 0,
    mtime: time,
    sizeBytes: file.content.length,
    linkTarget: '',
    sha256: createHash('sha256').update(file.content).digest('hex'),
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    content: { kind: 'bytes', bytes: file.content },
    uncertain: false,
  };
}

function conflict(
  path: string,
  earlier: InstalledPackage | undefined,
  later: InstalledPackage,
  why: string,
): AppError {
  const owners = [earlier === undefined ? 'another package' : nameOf(earlier), nameOf(later)];
  return new AppError(
    'CONFLICT',
    `/${path}: ${owners[0]} and ${owners[1]} cannot be installed together: ${why}`,
    {
      hint: 'Leave one of them out of the request.',
      details: { path: `/${path}`, owners },
    },
  );
}

function nameOf(installed: InstalledPackage): string {
  return `${installed.facts.name}-${installed.facts.version}`;
}
