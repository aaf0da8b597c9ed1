import type { FileEntry } from '../../model/file-entry.ts';
import type { DirectoryOwnership, Root, RootEntry } from '../install.ts';

type Owner = Pick<DirectoryOwnership, 'uid' | 'gid'>;

/** Cache of the ids of users and groups, as apk resolves their names during an installation (apk-tools `io.c` apk_id_cache). */
export interface IdCache {
  /**
   * Called when apk opens a package, and when the package's first script has run; the package's own files are not in place yet.
   */
  open(root: Root): void;
  /** Returns the numeric ids of an entry: those of its names in the root's passwd and group, else the archive's own. */
  owner(entry: FileEntry): Owner;
  /** Forgets all names, as apk does when a script has succeeded. */
  reset(): void;
}

const USERS = { path: 'etc/passwd', fields: 7 };
const GROUPS = { path: 'etc/group', fields: 4 };

/** Makes a cache that resolves names as apk 2.14 does: each is looked up once until the next reset, whether found or not. */
export function idCache(): IdCache {
  return cacheOf(eachName);
}

/**
 * Makes a cache that resolves names as apk 3 does: both files are read as a whole when a package is opened, once until the next
 * reset.
 */
export function idCacheAtOnce(): IdCache {
  return cacheOf(allNames);
}

interface Names {
  open(root: Root): void;
  idOf(name: string): number | undefined;
  reset(): void;
}

interface IdFile {
  readonly path: string;
  readonly fields: number;
}

function cacheOf(names: (file: IdFile) => Names): IdCache {
  const users = names(USERS);
  const groups = names(GROUPS);
  return {
    open(root) {
      users.open(root);
      groups.open(root);
    },
    owner: ({ uname, gname, uid, gid }) => ({
      uid: users.idOf(uname) ?? uid,
      gid: groups.idOf(gname) ?? gid,
    }),
    reset() {
      users.reset();
      groups.reset();
    },
  };
}

function eachName({ path, fields }: IdFile): Names {
  const known = new Map<string, number | undefined>();
  let file: RootEntry | undefined;
  let ids: ReadonlyMap<string, number> = new Map();
  return {
    open(root) {
      const now = root.stat(path);
      if (now === file) return;
      file = now;
      ids = new Map(readIds(root, path, fields).reverse());
    },
    idOf(name) {
      if (!known.has(name)) known.set(name, ids.get(name));
      return known.get(name);
    },
    reset: () => known.clear(),
  };
}

/** Names as apk 3 reads them: the last line of a name counts, and root is 0 even without a line. */
function allNames({ path, fields }: IdFile): Names {
  let ids: ReadonlyMap<string, number> | undefined;
  return {
    open(root) {
      ids ??= new Map(readIds(root, path, fields));
    },
    idOf: (name) => ids?.get(name) ?? (name === 'root' ? 0 : undefined),
    reset() {
      ids = undefined;
    },
  };
}

/**
 * Reads names and ids in the order of the lines, as musl's fgetpwent and fgetgrent do: the last byte of every line is dropped,
 * newline or not; a line is skipped if it has too few fields or its third is not a number.
 */
function readIds(root: Root, path: string, fields: number): [name: string, id: number][] {
  const ids: [string, number][] = [];
  const text = Buffer.from(root.read(path) ?? []).toString('latin1');
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const parts = line.slice(0, -1).split(':');
    const [name = '', , id = ''] = parts;
    if (parts.length < fields || !/^[0-9]*$/.test(id)) continue;
    ids.push([name, Number(BigInt(id === '' ? 0 : id) & 0xffffffffn)]);
  }
  return ids;
}
