import type { FileEntry } from '../../model/archive.ts';
import type { DirectoryOwnership, Root } from '../install.ts';

type Owner = Pick<DirectoryOwnership, 'uid' | 'gid'>;

export interface IdCache {
  /** Numeric ids of an entry: those of its names in the root's passwd and group, else the archive's own. */
  owner(entry: FileEntry, root: Root): Owner;
  /** apk forgets what it has looked up when a script has ended well, and only then. */
  reset(): void;
}

/** How apk 2.14 resolves names: each is looked up once until the next reset, found or not. */
export function idCache(): IdCache {
  const uids = new Map<string, number | undefined>();
  const gids = new Map<string, number | undefined>();
  let users: ReadonlyMap<string, number> | undefined;
  let groups: ReadonlyMap<string, number> | undefined;
  return {
    owner({ uname, gname, uid, gid }, root) {
      if (!uids.has(uname)) {
        users = readIds(root, 'etc/passwd', PASSWD_FIELDS);
        uids.set(uname, users.get(uname));
      }
      if (!gids.has(gname)) {
        groups = readIds(root, 'etc/group', GROUP_FIELDS);
        gids.set(gname, groups.get(gname));
      }
      return { uid: uids.get(uname) ?? uid, gid: gids.get(gname) ?? gid };
    },
    reset() {
      uids.clear();
      gids.clear();
    },
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
