import type { DraftEntry } from '../draft-view.ts';
import type { RootDraft } from '../root-draft.ts';
import { GROUP, PASSWD, readAccounts } from '../users.ts';
import type { CommandCall, CommandResult } from './command.ts';
import { readOptions } from './options.ts';
import { undecided } from './undecided.ts';

/** Runs `chmod MODE FILE…`, without options. @throws Undecided */
export function chmod({ args, root }: CommandCall): CommandResult {
  const [mode, ...paths] = args;
  if (mode === undefined || paths.length === 0 || paths.some((path) => path.startsWith('-')))
    return undecided('chmod');
  return eachOf(paths, root, (path, entry) => {
    // GNU chmod keeps the setuid and setgid bits of a directory, busybox does not.
    if (entry.type === 'directory' && (entry.mode & 0o6000) !== 0) undecided('chmod of a setgid directory');
    root.change(path, { mode: changedMode(entry, mode) });
  });
}

/** Returns the mode after `640`, `+x`, `u+s,g-w`… (POSIX.1-2017 `chmod`) with umask 022. */
function changedMode({ type, mode }: DraftEntry, words: string): number {
  if (/^[0-7]{3,4}$/.test(words)) return Number.parseInt(words, 8);
  let changed = mode;
  for (const clause of words.split(',')) {
    const [, who = '', operator, what = ''] =
      /^([ugoa]*)([+-])([rwxs]+)$/.exec(clause) ?? undecided(`chmod ${words}`);
    const all = who === '' || who.includes('a');
    if (type === 'directory' && what.includes('s')) undecided('chmod of a setgid directory');
    let bits = 0;
    for (const [letter, shift] of [
      ['u', 6],
      ['g', 3],
      ['o', 0],
    ] as const) {
      if (!all && !who.includes(letter)) continue;
      for (const [permission, bit] of [
        ['r', 4],
        ['w', 2],
        ['x', 1],
      ] as const)
        if (what.includes(permission)) bits |= bit << shift;
      if (what.includes('s') && letter !== 'o') bits |= letter === 'u' ? 0o4000 : 0o2000;
    }
    if (who === '') bits &= ~0o022;
    changed = operator === '+' ? changed | bits : changed & ~bits;
  }
  return changed;
}

/** Runs `chown [-h] OWNER[:GROUP] FILE…`. @throws Undecided */
export function chown({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'h');
  const [owner, ...paths] = operands;
  const found = /^([a-zA-Z0-9_-]*)(?::([a-zA-Z0-9_-]+))?$/.exec(owner ?? '');
  if (found === null || owner === '' || paths.length === 0) return undecided('chown');
  const [, user = '', group] = found;
  const ids: { uid?: number; gid?: number } = {};
  if (user !== '') {
    const uid = idOf(root, PASSWD, user);
    if (uid === undefined) return { status: 1 };
    ids.uid = uid;
  }
  if (group !== undefined) {
    const gid = idOf(root, GROUP, group);
    if (gid === undefined) return { status: 1 };
    ids.gid = gid;
  }
  return eachOf(paths, root, (path, entry) => {
    if (options.has('h') && root.stat(path)?.type === 'symlink') undecided('chown of a symlink');
    // Linux clears these bits of a file.
    if (entry.type === 'file' && (entry.mode & 0o6000) !== 0) undecided('chown of a setuid file');
    root.change(path, ids);
  });
}

function idOf(root: RootDraft, path: typeof PASSWD | typeof GROUP, name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name) <= 0xffff_fffe ? Number(name) : undecided('an id too large');
  return readAccounts(root, path).find((account) => account.name === name)?.id;
}

/** Acts on each path; the status is 1 if one does not exist. */
function eachOf(
  paths: readonly string[],
  root: RootDraft,
  act: (path: string, entry: DraftEntry) => void,
): CommandResult {
  let status = 0;
  for (const path of paths) {
    const entry = root.statFollow(path);
    if (entry === undefined) status = 1;
    else act(path, entry);
  }
  return { status };
}
