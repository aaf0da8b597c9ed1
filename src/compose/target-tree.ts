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
import { ancestorsOf, directoryInode, type Inode, inodeOf, parentOf, type Tree } from './tree.ts';

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
 * directories and clashes treated by its rules, and what the installer adds.
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
  const path = placeOf(state, installed, entry);
  const existing = state.tree.get(path);
  if (entry.type === 'directory') {
    installDirectory(state, installed, { entry, path, existing });
    return;
  }
  const earlier = existing === undefined ? undefined : state.owners.get(path);
  if (existing !== undefined && earlier?.installed !== installed) {
    if (existing.type === 'directory')
      throw conflict(path, firstBelow(state, path), installed, 'a directory is there already');
    const decision = state.rules.decideClash(earlier?.installed, installed, path);
    if (decision === 'refuse') throw conflict(path, earlier?.installed, installed, 'both ship it');
    if (typeof decision === 'object') {
      const place = existing.sha256 === entry.sha256 ? path : decision.beside;
      state.tree.set(place, inodeFor(state, installed, entry));
      return;
    }
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

/** Where an entry goes; its parents are there afterwards. */
function placeOf(state: State, installed: InstalledPackage, { path }: FileEntry): string {
  const { rules, root, tree, owners, time } = state;
  if (rules.replacesSymlinks !== true) return root.locate(path, nameOf(installed));
  if (tree.get(parentOf(path))?.type === 'directory') return path;
  for (const parent of ancestorsOf(path)) {
    const type = tree.get(parent)?.type ?? 'symlink';
    if (type === 'directory') continue;
    if (type !== 'symlink')
      throw conflict(parent, owners.get(parent)?.installed, installed, `a ${type} is there`);
    tree.set(parent, directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: time }));
  }
  return path;
}

function installDirectory(
  state: State,
  installed: InstalledPackage,
  at: { entry: FileEntry; path: string; existing: Inode | undefined },
): void {
  const { entry, existing } = at;
  const { rules, root, tree } = state;
  const owner = rules.replacesSymlinks === true ? state.owners.get(at.path)?.installed : undefined;
  if (owner !== undefined && owner !== installed)
    throw conflict(at.path, owner, installed, 'one ships a directory, the other does not');
  const wanted = { mode: entry.mode, mtime: entry.mtime, ...state.installer.owner(entry, root) };
  const gone = rules.replacesSymlinks === true && existing?.type !== 'directory';
  if (existing === undefined || gone) {
    tree.set(at.path, directoryInode(wanted));
    return;
  }
  // A symlink to a directory is followed; to nothing yet, the directory it names is made.
  const path = existing.type === 'symlink' ? root.directory(at.path, nameOf(installed)) : at.path;
  if (path === '') return;
  const current = tree.get(path) as Inode;
  if (current.type !== 'directory')
    throw conflict(path, state.owners.get(path)?.installed, installed, `a ${current.type} is there already`);
  const merged: DirectoryOwnership = rules.mergeDirectory(current, wanted);
  tree.set(path, { ...current, mode: merged.mode, uid: merged.uid, gid: merged.gid });
}

/** The first package that has made a directory there. */
function firstBelow(state: State, path: string): InstalledPackage | undefined {
  return state.packages.find(({ facts }) =>
    facts.files.some((entry) => entry.path === path || entry.path.startsWith(`${path}/`)),
  );
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
