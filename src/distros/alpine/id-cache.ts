import type { FileEntry } from '../../model/archive.ts';
import type { DirectoryOwnership, Root, RootEntry } from '../install.ts';

type Owner = Pick<DirectoryOwnership, 'uid' | 'gid'>;

export interface IdCache {
  /** Numeric ids of an entry: those of its names in the root's passwd and group, else the archive's own. */
  owner(entry: FileEntry, root: Root): Owner;
  /** apk forgets what it has looked up when a script has ended well, and only then. */
  reset(): void;
}

/** How apk 2.14 resolves names: each is looked up once until the next reset, found or not. */
export function idCache(): IdCache {
  const users = names('etc/passwd', PASSWD_FIELDS);
  const groups = names('etc/group', GROUP_FIELDS);
  return {
    owner: ({ uname, gname, uid, gid }, root) => ({
      uid: users.idOf(uname, root) ?? uid,
      gid: groups.idOf(gname, root) ?? gid,
    }),
    reset() {
      users.reset();
      groups.reset();
    },
  };
}

function names(path: string, fields: number) {
  const known = new Map<string, number | undefined>();
  let file: RootEntry | undefined;
  let ids: ReadonlyMap<string, number> = new Map();
  return {
    idOf(name: string, root: Root): number | undefined {
      if (known.has(name)) return known.get(name);
      const now = root.stat(path);
      if (now !== file) {
        file = now;
        ids = readIds(root, path, fields);
      }
      known.set(name, ids.get(name));
      return ids.get(name);
    },
    reset: () => known.clear(),
  };
}

const PASSWD_FIELDS = 7;
const GROUP_FIELDS = 4;

/**
 * As musl's fgetpwent and fgetgrent read: the last byte of every line is dropped, newline or not; a line with too few
 * fields or a third one that is no number is skipped; the first of a name counts.
 */
export function readIds(root: Root, path: string, fields: number): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const text = Buffer.from(root.read(path) ?? []).toString('latin1');
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const parts = line.slice(0, -1).split(':');
    const [name = '', , id = ''] = parts;
    if (parts.length < fields || !/^[0-9]*$/.test(id) || ids.has(name)) continue;
    ids.set(name, Number(BigInt(id === '' ? 0 : id) & 0xffffffffn));
  }
  return ids;
}
