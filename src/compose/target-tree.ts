import type {
  DirectoryOwnership,
  InstalledPackage,
  Installer,
  InstallerResult,
  TreeRules,
} from '../distros/install.ts';
import { AppError } from '../model/app-error.ts';
import type { EntryHead } from '../model/file-block.ts';
import type { FileEntry } from '../model/file-entry.ts';
import { foldersOf, NONE, plainFolders } from '../model/folders.ts';
import { versionedName } from '../model/package.ts';
import { TreeRoot } from './root.ts';
import { ancestorsOf, directoryInode, type Inode, inodeOf, parentOf, Tree } from './tree.ts';

/** A file that two packages ship, and the decision: `loser`'s layer belongs below `winner`'s. */
export interface DecidedClash {
  readonly path: string;
  readonly winner: InstalledPackage;
  readonly loser: InstalledPackage;
  /** Size of the file that is kept */
  readonly sizeBytes: number;
}

/** The target tree, and what the installer reports. */
export interface TargetTree extends InstallerResult {
  readonly tree: Tree;
  readonly clashes: readonly DecidedClash[];
  /** Reads a file of the tree, as Root.read does. */
  read(path: string): Uint8Array | undefined;
}

/** Input of the target tree: packages, rules and installer. */
export interface TargetTreeInput {
  /** Packages in install order */
  readonly packages: readonly InstalledPackage[];
  readonly rules: TreeRules;
  readonly installer: Installer;
  /** Modification time of generated files and of directories that no package ships, in seconds since the epoch */
  readonly time: number;
}

/**
 * Builds the tree that the real package manager leaves on an empty root: packages one after another, symlinked directories and
 * file conflicts by its rules, and the effects of the installer.
 * @throws AppError CONFLICT naming both owners if the tool would refuse; BAD_ARCHIVE for a symlink loop
 */
export function targetTree(input: TargetTreeInput): TargetTree {
  const tree = new Tree();
  const root = new TreeRoot(tree, input.time);
  const { installer } = input;
  const rules = { ...input.rules, ...installer.rules };
  const state: State = {
    ...input,
    rules,
    tree,
    root,
    owners: new Map(),
    shipped: new Set(),
    directoryOwners: new Map(),
    lost: new Map(),
    clashes: [],
  };
  installer.begin(root);
  for (const installed of input.packages) {
    installer.before(installed, root);
    if (isUnpacked(installed, rules)) layDown(state, installed);
    installer.after(installed, root);
  }
  const result = installer.end(root, (installed) => owned(state, installed));
  return { tree, clashes: state.clashes, read: (path) => root.read(path), ...result };
}

function isUnpacked(installed: InstalledPackage, rules: TreeRules): boolean {
  return rules.isUnpacked?.(installed) !== false;
}

function isLeftOut({ facts }: InstalledPackage, rules: TreeRules, index: number): boolean {
  const entry = { path: facts.files.path(index), type: facts.files.head(index).type };
  return rules.isMetadata(entry) || rules.passesOver?.(facts, entry) === true;
}

/** Returns the indexes of a package's entries that the tool installs and that no other package's file has replaced. */
function owned({ rules, lost }: State, installed: InstalledPackage): readonly number[] {
  const indexes: number[] = [];
  if (!isUnpacked(installed, rules)) return indexes;
  const { files } = installed.facts;
  const replaced = lost.get(installed);
  for (let index = 0; index < files.length; index += 1) {
    if (isLeftOut(installed, rules, index)) continue;
    if (replaced?.has(files.at(index)) !== true) indexes.push(index);
  }
  return indexes;
}

/** Lays a package's entries down. What is below a new directory stays folded if it is laid down as the archive lists it. */
function layDown(state: State, installed: InstalledPackage): void {
  const { rules, tree } = state;
  const { files } = installed.facts;
  const { parents, repeats, isFilled } = foldersOf(files);
  const isOwnersOwn = ownersOwn(state, installed);
  const leftOut = new Uint8Array(files.length);
  const plain = plainFolders(files, (index) => {
    if (isLeftOut(installed, rules, index)) leftOut[index] = 1;
    return leftOut[index] === 1 || !isOwnersOwn(index);
  });
  const counts = repeats ? countingEntries(installed, leftOut, rules) : undefined;
  const folded = new Uint8Array(files.length + 1);
  for (let index = 0; index < files.length; index += 1) {
    const parent = parents[index] as number;
    if (parent !== NONE && folded[parent] === 1) folded[index] = 1;
    else if (leftOut[index] === 0) {
      const entry = counts === undefined ? files.at(index) : counts.get(index);
      if (entry === undefined) continue;
      const isNew = install(state, installed, entry);
      if (!isNew || plain[index] !== 1 || !isFilled(index)) continue;
      tree.fold(entry.path, { files, folder: index, lay: (inside) => lay(state, installed, inside) });
      folded[index] = 1;
    }
  }
}

/** Returns a function that tells whether an entry gets the owner and mode that its archive says. */
function ownersOwn({ installer, rules, root }: State, { facts: { files } }: InstalledPackage) {
  const known = new Map<EntryHead, boolean>();
  return (index: number): boolean => {
    const head = files.head(index);
    let isOwn = known.get(head);
    if (isOwn === undefined) {
      const { uid, gid } = installer.owner(files.at(index), root);
      const mode = head.type === 'directory' ? (rules.newDirectoryMode?.(head.mode) ?? head.mode) : head.mode;
      isOwn = uid === head.uid && gid === head.gid && mode === head.mode;
      known.set(head, isOwn);
    }
    return isOwn;
  };
}

/** Lays down what is directly in a folded directory, which has nothing else. */
function lay(state: State, installed: InstalledPackage, index: number): void {
  const { tree } = state;
  const { files } = installed.facts;
  const entry = files.at(index);
  const { path, mode, uid, gid, mtime } = entry;
  if (entry.type !== 'directory') {
    tree.set(path, shippedInode(state, installed, entry));
    state.owners.set(path, { installed, entry });
    return;
  }
  const wanted = { mode, mtime, uid, gid };
  tree.set(path, directoryInode(wanted));
  state.shipped.add(path);
  state.directoryOwners.set(path, { installed, wanted });
  if (foldersOf(files).isFilled(index))
    tree.fold(path, { files, folder: index, lay: (inside) => lay(state, installed, inside) });
}

/** Returns the entries that count, by index: a directory with several stays where its first entry is. */
function countingEntries(
  { facts: { files } }: InstalledPackage,
  leftOut: Uint8Array,
  rules: TreeRules,
): ReadonlyMap<number, FileEntry> {
  const counting = new Map<number, FileEntry>();
  const firsts = new Map<string, number>();
  for (let index = 0; index < files.length; index += 1) {
    if (leftOut[index] === 1) continue;
    const entry = files.at(index);
    const first = entry.type === 'directory' ? firsts.get(entry.path) : undefined;
    if (first === undefined) counting.set(index, entry);
    else if (rules.repeatedDirectory === 'last') counting.set(first, entry);
    if (entry.type === 'directory' && first === undefined) firsts.set(entry.path, index);
  }
  return counting;
}

interface State extends TargetTreeInput {
  readonly tree: Tree;
  readonly root: TreeRoot;
  /** Files by the path that a package owns (TreeRules.ownsListedPaths) */
  readonly owners: Map<string, { readonly installed: InstalledPackage; readonly entry: FileEntry }>;
  /** Directories whose permissions packages decide, by real path */
  readonly shipped: Set<string>;
  /** Owners and permissions of directories by path (TreeRules.winsDirectory) */
  readonly directoryOwners: Map<
    string,
    { readonly installed: InstalledPackage; readonly wanted: DirectoryOwnership }
  >;
  /** Files that another package's file has replaced */
  readonly lost: Map<InstalledPackage, Set<FileEntry>>;
  readonly clashes: DecidedClash[];
}

/** Returns whether the entry is a new directory, at the path that the archive says. */
function install(state: State, installed: InstalledPackage, entry: FileEntry): boolean {
  const path = placeOf(state, installed, entry);
  const existing = state.tree.get(path);
  if (entry.type === 'directory') {
    installDirectory(state, installed, { entry, path, existing });
    return existing === undefined && path === entry.path;
  }
  const key = state.rules.ownsListedPaths === true ? entry.path : path;
  const earlier = existing === undefined ? undefined : state.owners.get(key);
  if (existing !== undefined && earlier?.installed !== installed) {
    if (existing.type === 'directory')
      throw conflict(path, firstBelow(state, path), installed, 'a directory already exists there');
    const decision = state.rules.decideClash({ path, entry, later: installed, existing, earlier });
    if (decision === 'refuse') throw conflict(path, earlier?.installed, installed, 'both contain it');
    if (earlier !== undefined) {
      const won = decision !== 'earlier';
      const [winner, loser] = won ? [installed, earlier.installed] : [earlier.installed, installed];
      state.clashes.push({ path, winner, loser, sizeBytes: (won ? entry : existing).sizeBytes });
      const lost = state.lost.get(loser) ?? new Set();
      state.lost.set(loser, lost.add(won ? earlier.entry : entry));
    }
    if (decision === 'earlier') return false;
    state.owners.set(key, { installed, entry });
    if (decision === 'keep') return false;
    const beside = typeof decision === 'object' && existing.sha256 !== entry.sha256;
    state.tree.set(beside ? decision.beside : path, inodeFor(state, installed, entry));
    return false;
  }
  state.tree.set(path, inodeFor(state, installed, entry));
  state.owners.set(key, { installed, entry });
  return false;
}

/** Returns the place of an entry, and makes its missing parents. */
function placeOf(state: State, installed: InstalledPackage, { path, type }: FileEntry): string {
  const { rules, root, tree, owners, time } = state;
  const parent = parentOf(path);
  if (parent === '' || tree.get(parent)?.type === 'directory') return path;
  const makesParents = rules.makesParents === true && type === 'directory' && !tree.has(parent);
  if (rules.needsParents === true && !makesParents && !root.isDirectory(parent))
    throw noParent(installed, path, parent);
  // Made with default permissions, which packages may change.
  if (makesParents) for (const above of ancestorsOf(path)) if (!tree.has(above)) state.shipped.add(above);
  if (rules.replacesSymlinks !== true) return root.locate(path, versionedName(installed.facts));
  for (const ancestor of ancestorsOf(path)) {
    const type = tree.get(ancestor)?.type ?? 'symlink';
    if (type === 'directory') continue;
    if (type !== 'symlink')
      throw conflict(ancestor, owners.get(ancestor)?.installed, installed, `a ${type} already exists there`);
    tree.set(ancestor, directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: time }));
  }
  return path;
}

function installDirectory(
  state: State,
  installed: InstalledPackage,
  { entry, path, existing }: { entry: FileEntry; path: string; existing: Inode | undefined },
): void {
  const { rules, root, tree } = state;
  const owner = rules.replacesSymlinks === true ? state.owners.get(path)?.installed : undefined;
  if (owner !== undefined && owner !== installed)
    throw conflict(path, owner, installed, 'it is a directory in only one of them');
  const wanted = { mode: entry.mode, mtime: entry.mtime, ...state.installer.owner(entry, root) };
  const gone = rules.replacesSymlinks === true && existing?.type !== 'directory';
  if (existing === undefined || gone) {
    const mode = rules.newDirectoryMode?.(wanted.mode) ?? wanted.mode;
    tree.set(path, directoryInode({ ...wanted, mode }));
    state.shipped.add(path);
    state.directoryOwners.set(path, { installed, wanted });
    return;
  }
  if (existing.type === 'symlink') {
    if (rules.needsParents === true && !root.isDirectory(path)) throw noParent(installed, path, path);
    // The link leads nowhere yet, so its target directory is made.
    root.directory(path, versionedName(installed.facts));
    return;
  }
  if (existing.type !== 'directory') {
    const other = state.owners.get(path)?.installed;
    throw conflict(path, other, installed, `a ${existing.type} already exists there`);
  }
  if (rules.winsDirectory !== undefined) {
    const owned = state.directoryOwners.get(path);
    if (owned !== undefined && !rules.winsDirectory(installed, owned.installed)) return;
    state.directoryOwners.set(path, { installed, wanted });
    if (owned !== undefined && state.shipped.has(path) && !sameOwnership(owned.wanted, wanted))
      tree.set(path, { ...existing, ...wanted, mtime: existing.mtime });
  } else if (state.shipped.has(path)) {
    tree.set(path, { ...existing, ...rules.mergeDirectory(existing, wanted) });
  } else if (sameOwnership(existing, wanted)) {
    state.shipped.add(path);
  }
}

function sameOwnership(a: DirectoryOwnership, b: DirectoryOwnership): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

function noParent(installed: InstalledPackage, path: string, parent: string): AppError {
  const why = `/${parent} is not a folder: no earlier package contains it`;
  return new AppError(
    'BAD_ARCHIVE',
    `${versionedName(installed.facts)}: /${path} cannot be installed: ${why}`,
    {
      details: { path: `/${path}` },
    },
  );
}

/** Returns the first package that has made a directory there. */
function firstBelow(state: State, path: string): InstalledPackage | undefined {
  return state.packages.find(({ facts }) =>
    facts.files.some((entry) => entry.path === path || entry.path.startsWith(`${path}/`)),
  );
}

/** Makes the inode of an entry with the owner that it says. */
function shippedInode({ root }: State, { facts }: InstalledPackage, entry: FileEntry): Inode {
  const inode = inodeOf(entry, facts.digest);
  const { rootMembers } = facts;
  const kept = Object.hasOwn(rootMembers, entry.path) ? rootMembers[entry.path] : undefined;
  if (kept !== undefined) root.know(inode, () => Buffer.from(kept, 'base64'));
  return inode;
}

function inodeFor(state: State, installed: InstalledPackage, entry: FileEntry): Inode {
  if (entry.type !== 'hardlink') {
    return shippedInode(state, installed, { ...entry, ...state.installer.owner(entry, state.root) });
  }
  const inode = state.tree.get(state.root.locate(entry.linkTarget, versionedName(installed.facts)));
  if (inode === undefined || inode.type === 'directory') {
    throw new AppError(
      'BAD_ARCHIVE',
      `${versionedName(installed.facts)}: hard link ${entry.path} points at ${entry.linkTarget}, which is not one of its files`,
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
  if (earlier === later)
    return new AppError(
      'BAD_ARCHIVE',
      `${versionedName(later.facts)}: /${path} cannot be installed: ${why}`,
      {
        details: { path: `/${path}` },
      },
    );
  const owners = [
    earlier === undefined ? 'another package' : versionedName(earlier.facts),
    versionedName(later.facts),
  ];
  return new AppError(
    'CONFLICT',
    `/${path}: ${owners[0]} and ${owners[1]} cannot be installed together: ${why}`,
    {
      hint: 'Remove one of them from the request.',
      details: { path: `/${path}`, owners },
    },
  );
}
