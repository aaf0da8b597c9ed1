import type {
  DirectoryOwnership,
  InstalledPackage,
  Installer,
  InstallerResult,
  TreeRules,
} from '../distros/install.ts';
import { AppError } from '../model/app-error.ts';
import type { FileEntry } from '../model/file-entry.ts';
import { versionedName } from '../model/package.ts';
import { TreeRoot } from './root.ts';
import { ancestorsOf, directoryInode, type Inode, inodeOf, parentOf, type Tree } from './tree.ts';

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
  const tree: Tree = new Map();
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
    lost: new Set(),
    clashes: [],
  };
  const installedEntries = new Map<InstalledPackage, readonly FileEntry[]>();
  installer.begin(root);
  for (const installed of input.packages) {
    installer.before(installed, root);
    const entries = entriesOf(installed, rules);
    installedEntries.set(installed, entries);
    for (const entry of oncePerDirectory(entries, rules)) install(state, installed, entry);
    installer.after(installed, root);
  }
  const result = installer.end(root, (installed) => {
    const entries = installedEntries.get(installed) ?? [];
    return state.lost.size === 0 ? entries : entries.filter((entry) => !state.lost.has(entry));
  });
  return { tree, clashes: state.clashes, read: (path) => root.read(path), ...result };
}

function entriesOf(installed: InstalledPackage, rules: TreeRules): readonly FileEntry[] {
  if (rules.isUnpacked?.(installed) === false) return [];
  const { facts } = installed;
  return facts.files.filter((entry) => !rules.isMetadata(entry) && rules.passesOver?.(facts, entry) !== true);
}

/** Drops repeated entries of a directory: it stays where its first entry is. */
function oncePerDirectory(entries: readonly FileEntry[], rules: TreeRules): readonly FileEntry[] {
  const byPath = new Map<string, FileEntry>();
  let repeats = false;
  for (const entry of entries) {
    if (entry.type !== 'directory') continue;
    const isRepeated = byPath.has(entry.path);
    repeats ||= isRepeated;
    if (!isRepeated || rules.repeatedDirectory === 'last') byPath.set(entry.path, entry);
  }
  if (!repeats) return entries;
  return entries.flatMap((entry) => {
    if (entry.type !== 'directory') return [entry];
    const counts = byPath.get(entry.path);
    byPath.delete(entry.path);
    return counts === undefined ? [] : [counts];
  });
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
      state.lost.add(won ? earlier.entry : entry);
    }
    if (decision === 'earlier') return;
    state.owners.set(key, { installed, entry });
    if (decision === 'keep') return;
    const beside = typeof decision === 'object' && existing.sha256 !== entry.sha256;
    state.tree.set(beside ? decision.beside : path, inodeFor(state, installed, entry));
    return;
  }
  state.tree.set(path, inodeFor(state, installed, entry));
  state.owners.set(key, { installed, entry });
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

function inodeFor(state: State, installed: InstalledPackage, entry: FileEntry): Inode {
  if (entry.type !== 'hardlink') {
    const inode = { ...inodeOf(entry, installed.facts.digest), ...state.installer.owner(entry, state.root) };
    const { rootMembers } = installed.facts;
    const kept = Object.hasOwn(rootMembers, entry.path) ? rootMembers[entry.path] : undefined;
    if (kept !== undefined) state.root.know(inode, () => Buffer.from(kept, 'base64'));
    return inode;
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
