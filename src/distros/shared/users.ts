import { decodePath } from '../../model/path-bytes.ts';
import type { RootDraft } from './root-draft.ts';
import { undecided } from './shell/undecided.ts';

/** Files of accounts; no leading slash. */
export const PASSWD = 'etc/passwd';
export const GROUP = 'etc/group';
export const SHADOW = 'etc/shadow';

/** A line of etc/passwd (passwd(5)) or etc/group (group(5)): what both have. */
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

/** Lines of a file, none where the file is not there. */
export function readLines(root: RootDraft, path: string): readonly string[] {
  const content = root.stat(path) === undefined ? undefined : root.read(path);
  return content === undefined ? [] : linesOf(content);
}

/** By a file's content, which a script reads several times. */
const parsed = new WeakMap<Uint8Array, readonly Account[]>();

/**
 * @throws Undecided where a line has another form: C libraries skip such lines, each in its own way; or where two have
 * one name
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
