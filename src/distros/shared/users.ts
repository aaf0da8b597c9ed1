import { decodePath } from '../../model/path-bytes.ts';
import type { RootDraft } from './root-draft.ts';
import { undecided } from './shell/undecided.ts';

/** Paths of the files with accounts; no leading slash. */
export const PASSWD = 'etc/passwd';
export const GROUP = 'etc/group';
export const SHADOW = 'etc/shadow';

/** A user or group: the fields that etc/passwd (passwd(5)) and etc/group (group(5)) share. */
export interface Account {
  readonly name: string;
  readonly id: number;
  /** Members of a group; empty for a user */
  readonly members: readonly string[];
}

const FIELDS = {
  [PASSWD]: /^([^:\0]+):[^:\0]*:(\d{1,9}):\d{1,9}:[^:\0]*:[^:\0]*:[^:\0]*$/,
  [GROUP]: /^([^:\0]+):[^:\0]*:(\d{1,9}):([^:\0]*)$/,
};

/** Returns the lines of a file; none if it does not exist. */
export function readLines(root: RootDraft, path: string): readonly string[] {
  const content = root.stat(path) === undefined ? undefined : root.read(path);
  return content === undefined ? [] : linesOf(content);
}

/** Accounts by a file's content, since a script reads it several times. */
const parsed = new WeakMap<Uint8Array, readonly Account[]>();

/**
 * Reads the accounts of a file; none if it does not exist.
 * @throws Undecided when a line has another form, because C libraries treat such lines differently, or when a name occurs twice
 */
export function readAccounts(root: RootDraft, path: typeof PASSWD | typeof GROUP): readonly Account[] {
  const content = root.stat(path) === undefined ? undefined : root.read(path);
  if (content === undefined) return [];
  let accounts = parsed.get(content);
  if (accounts === undefined) {
    accounts = parse(linesOf(content), path);
    parsed.set(content, accounts);
  }
  return accounts;
}

function parse(lines: readonly string[], path: typeof PASSWD | typeof GROUP): readonly Account[] {
  const names = new Set<string>();
  return lines.map((line) => {
    const [, name, id, members = ''] = FIELDS[path].exec(line) ?? undecided(`a line of ${path}`);
    if (name === undefined || names.has(name) || name.startsWith('+')) undecided(`${name} in ${path}`);
    names.add(name);
    return { name, id: Number(id), members: members === '' ? [] : members.split(',') };
  });
}

function linesOf(content: Uint8Array): readonly string[] {
  const text = decodePath(content);
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
