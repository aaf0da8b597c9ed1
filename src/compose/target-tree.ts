import type {
  DirectoryOwnership,
  InstalledPackage,
  Installer,
  InstallerResult,
  TreeRules,
} from '../distros/install.ts';
import { AppError } from '../model/app-error.ts';
import type { FileEntry } from '../model/archive.ts';
import { TreeRoot } from './root.ts';
import { directoryInode, type Inode, inodeOf, type Tree } from './tree.ts';

/** A file that two packages ship, and how it was decided: `loser`'s layer belongs below `winner`'s. */
export interface DecidedClash {
  readonly path: string;
  readonly winner: InstalledPackage;
  readonly loser: InstalledPackage;
  /** Of the file that is kept */
  readonly sizeBytes: number;
}

export interface TargetTree extends InstallerResult {
  readonly tree: Tree;
  readonly clashes: readonly DecidedClash[];
}

export interface TargetTreeInput {
  /** In install order */
  readonly packages: readonly InstalledPackage[];
  readonly rules: TreeRules;
  readonly installer: Installer;
  /** Seconds; mtime of what is generated and of directories that nobody ships */
  readonly time: number;
}

/**
 * The tree that the real package manager leaves on an empty root: packages one after another, symlinked
 * directories followed, clashes decided by its rules, and what the installer adds.
 * @throws AppError CONFLICT naming both owners where the tool refuses; BAD_ARCHIVE for a symlink loop
 */
export function targetTree(input: TargetTreeInput): TargetTree {
  const tree: Tree = new Map();
  const root = new TreeRoot(tree, input.time);
  const state: State = { ...input, tree, root, owners: new Map(), lost: new Set(), clashes: [] };
  const { installer, rules } = input;
  installer.begin(root);
  for (const installed of input.packages) {
    installer.before(installed, root);
    for (const entry of installed.facts.files)
      if (!rules.isMetadata(entry.path)) install(state, installed, entry);
    installer.after(installed, root);
  }
  const result = installer.end(root, (installed) =>
    installed.facts.files.filter((entry) => !rules.isMetadata(entry.path) && !state.lost.has(entry)),
  );
  return { tree, clashes: state.clashes, ...result };
}

interface State extends TargetTreeInput {
  readonly tree: Tree;
  readonly root: TreeRoot;
  /** Files by real path */
  readonly owners: Map<string, { readonly installed: InstalledPackage; readonly entry: FileEntry }>;
  /** Files whose place another package's took */
  readonly lost: Set<FileEntry>;
  readonly clashes: DecidedClash[];
}

function install(state: State, installed: InstalledPackage, entry: FileEntry): void {
  const path = state.root.locate(entry.path, nameOf(installed));
  const existing = state.tree.get(path);
  if (entry.type === 'directory') {
    installDirectory(state, installed, { entry, path, existing });
    return;
  }
  const earlier = existing === undefined ? undefined : state.owners.get(path);
  if (existing !== undefined && earlier?.installed !== installed) {
    if (existing.type === 'directory')
      throw conflict(path, undefined, installed, 'a directory is there already');
    const decision = state.rules.decideClash(earlier?.installed, installed, path);
    if (decision === 'refuse') throw conflict(path, earlier?.installed, installed, 'both ship it');
    const later = decision === 'later';
    if (earlier !== undefined) {
      const [winner, loser] = later ? [installed, earlier.installed] : [earlier.installed, installed];
      state.clashes.push({ path, winner, loser, sizeBytes: (later ? entry : existing).sizeBytes });
      state.lost.add(later ? earlier.entry : entry);
    }
    if (!later) return;
  }
  state.tree.set(path, inodeFor(state, installed, entry));
  state.owners.set(path, { installed, entry });
}

function installDirectory(
  state: State,
  installed: InstalledPackage,
  at: { entry: FileEntry; path: string; existing: Inode | undefined },
): void {
  const { entry, existing } = at;
  const wanted = { mode: entry.mode, mtime: entry.mtime, ...state.installer.owner(entry, state.root) };
  if (existing === undefined) {
    state.tree.set(at.path, directoryInode(wanted));
    return;
  }
  // A symlink to a directory is followed; to nothing yet, the directory it names is made.
  const path = existing.type === 'symlink' ? state.root.directory(at.path, nameOf(installed)) : at.path;
  if (path === '') return;
  const current = state.tree.get(path) as Inode;
  if (current.type !== 'directory') {
    throw new AppError(
      'CONFLICT',
      `${nameOf(installed)}: ships a directory /${path} where another package ships a ${current.type}`,
    );
  }
  const merged: DirectoryOwnership = state.rules.mergeDirectory(current, wanted);
  state.tree.set(path, { ...current, mode: merged.mode, uid: merged.uid, gid: merged.gid });
}

function inodeFor(state: State, installed: InstalledPackage, entry: FileEntry): Inode {
  if (entry.type !== 'hardlink') {
    const inode = { ...inodeOf(entry, installed.facts.digest), ...state.installer.owner(entry, state.root) };
    const kept = installed.facts.rootMembers[entry.path];
    if (kept !== undefined) state.root.know(inode, () => Buffer.from(kept, 'base64'));
    return inode;
  }
  const inode = state.tree.get(state.root.locate(entry.linkTarget, nameOf(installed)));
  if (inode === undefined || inode.type === 'directory') {
    throw new AppError(
      'BAD_ARCHIVE',
      `${nameOf(installed)}: hard link ${entry.path} points at ${entry.linkTarget}, which is not a file of it`,
    );
  }
  return inode;
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
