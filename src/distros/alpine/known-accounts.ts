import { encodePath } from '../../model/path-bytes.ts';
import type { RootDraft } from '../shared/root-draft.ts';
import {
  type CommandCall,
  type CommandResult,
  DONE,
  FAILED,
  type KnownCommand,
} from '../shared/shell/command.ts';
import { readOptions } from '../shared/shell/options.ts';
import { undecided } from '../shared/shell/undecided.ts';
import { type Account, GROUP, PASSWD, readAccounts, readLines, SHADOW } from '../shared/users.ts';

/** Alpine's busybox configuration: CONFIG_FIRST_SYSTEM_ID, CONFIG_LAST_SYSTEM_ID. */
const FIRST_SYSTEM_ID = 100;
const LAST_SYSTEM_ID = 999;
/** CONFIG_LAST_ID differs between releases but is never lower; larger ids are Undecided. */
const LAST_CERTAIN_ID = 60_000;
const SECONDS_PER_DAY = 86_400;
/** Shell of system users by Alpine's patch; busybox itself uses /bin/false. */
const SYSTEM_SHELL = '/sbin/nologin';

const LONG_OPTIONS: Readonly<Record<string, string>> = {
  '--home': '-h',
  '--gecos': '-g',
  '--shell': '-s',
  '--ingroup': '-G',
  '--disabled-password': '-D',
  '--empty-password': '-D',
  '--system': '-S',
  '--no-create-home': '-H',
  '--uid': '-u',
  '--gid': '-g',
};

/** Runs busybox's `addgroup [-g GID] [-S] [USER] GROUP` (loginutils/addgroup.c, 1.36). @throws Undecided */
export function addgroup({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(shortened(args), 'S', 'g');
  const [first, second, ...rest] = operands;
  if (first === undefined || rest.length > 0) return undecided('addgroup');
  if (second !== undefined) return options.size > 0 ? undecided('addgroup') : joinGroup(root, first, second);
  const gid = options.get('g');
  return makeGroup(root, first, { gid: gid === undefined ? undefined : id(gid), system: options.has('S') });
}

/**
 * Returns busybox's `adduser` (loginutils/adduser.c, 1.36); calls that would ask for a password are Undecided.
 * @param time seconds since the epoch: the day of the last password change in etc/shadow
 */
export function adduser(time: number): KnownCommand {
  return ({ args, root }) => {
    const { options, operands } = readOptions(shortened(args), 'SDH', 'hgsGuk');
    const [name, second, ...rest] = operands;
    if (name === undefined || rest.length > 0) return undecided('adduser');
    if (second !== undefined) return options.size > 0 ? undecided('adduser') : joinGroup(root, name, second);
    return makeUser(root, name, { options, time });
  };
}

function makeUser(
  root: RootDraft,
  name: string,
  { options, time }: { readonly options: ReadonlyMap<string, string>; readonly time: number },
): CommandResult {
  const system = options.has('S');
  if (!system && (!options.has('D') || !options.has('s'))) undecided('adduser asks, or takes its own shell');
  if (options.has('k')) undecided('a skeleton');
  checkName(name);
  const home = options.get('h') ?? `/home/${name}`;
  const shell = options.get('s') ?? SYSTEM_SHELL;
  const gecos = options.get('g') ?? 'Linux User,,,';
  if ([home, shell, gecos].some((field) => /[:\n]/.test(field))) undecided('a field of unknown form');

  const users = readAccounts(root, PASSWD);
  const groups = readAccounts(root, GROUP);
  const joined = options.get('G') ?? (system ? 'nogroup' : undefined);
  const group = groups.find((account) => account.name === joined);
  if (joined !== undefined && group === undefined) return FAILED;
  if (users.some((user) => user.name === name)) return FAILED;
  const wanted = options.get('u');
  const uid = freeId([...users, ...(group === undefined ? groups : [])], {
    wanted: wanted === undefined ? undefined : id(wanted),
    system,
  });
  if (uid === undefined) return FAILED;
  if (group === undefined && groups.some((account) => account.name === name)) return FAILED;
  const gid = group?.id ?? uid;

  if (!append(root, PASSWD, `${name}:x:${uid}:${gid}:${gecos}:${home}:${shell}`)) return FAILED;
  if (readLines(root, SHADOW).some((line) => line.startsWith(`${name}:`))) undecided('a user without a name');
  append(root, SHADOW, `${name}:!:${Math.floor(time / SECONDS_PER_DAY)}:0:99999:7:::`);
  // busybox ignores whether this succeeds.
  if (joined === undefined) makeGroup(root, name, { gid, system: false });
  else joinGroup(root, name, joined);
  if (!options.has('H')) makeHome(root, home, { uid, gid });
  return DONE;
}

/** Makes a user's home, or sets owner and mode of one that exists. */
function makeHome(root: RootDraft, home: string, ids: { readonly uid: number; readonly gid: number }): void {
  if (root.statFollow(home) === undefined) {
    if (root.stat('etc/skel') !== undefined) undecided('a skeleton');
    if (root.stat(home) !== undefined) undecided('a home that is a broken symlink');
    // busybox does not make the parent: it prints a message and makes no home.
    if (root.real(home, false) === undefined) return;
    root.put(home.replace(/(?<=.)\/+$/, ''), { type: 'directory', mode: 0o755 });
  }
  if (root.statFollow(home)?.type !== 'directory') undecided('a home that is not a directory');
  root.change(home, { ...ids, mode: 0o2755 });
}

function makeGroup(
  root: RootDraft,
  name: string,
  { gid, system }: { readonly gid: number | undefined; readonly system: boolean },
): CommandResult {
  checkName(name);
  const groups = readAccounts(root, GROUP);
  if (groups.some((group) => group.name === name)) return FAILED;
  const free = freeId(groups, { wanted: gid, system });
  return free !== undefined && append(root, GROUP, `${name}:x:${free}:`) ? DONE : FAILED;
}

function joinGroup(root: RootDraft, user: string, name: string): CommandResult {
  const group = readAccounts(root, GROUP).find((account) => account.name === name);
  if (!readAccounts(root, PASSWD).some((account) => account.name === user) || group === undefined)
    return FAILED;
  if (group.members.includes(user)) return DONE;
  const lines = readLines(root, GROUP).map((line) =>
    line.startsWith(`${name}:`) ? `${line}${line.endsWith(':') ? '' : ','}${user}` : line,
  );
  return rewrite(root, GROUP, lines) ? DONE : FAILED;
}

/** Returns the wanted id or the lowest free one of its range; undefined if it is taken. */
function freeId(
  accounts: readonly Account[],
  { wanted, system }: { readonly wanted: number | undefined; readonly system: boolean },
): number | undefined {
  const taken = new Set(accounts.map((account) => account.id));
  if (wanted !== undefined) return taken.has(wanted) ? undefined : wanted;
  const last = system ? LAST_SYSTEM_ID : LAST_CERTAIN_ID;
  let free = system ? FIRST_SYSTEM_ID : LAST_SYSTEM_ID + 1;
  while (taken.has(free)) free += 1;
  if (free <= last) return free;
  return system ? undefined : undecided('no free id below the largest');
}

/** Appends a line; returns false, without writing anything, if the file does not exist. */
function append(root: RootDraft, path: string, line: string): boolean {
  return rewrite(root, path, [...readLines(root, path), line]);
}

/**
 * Rewrites a file as libbb/update_passwd.c does: the old file keeps its inode as `passwd-`; a new one gets its name, owner and
 * permission bits. Returns false if the file does not exist.
 */
function rewrite(root: RootDraft, path: string, lines: readonly string[]): boolean {
  const before = root.stat(path);
  if (before === undefined) return false;
  if (before.type !== 'file' || root.stat(`${path}+`) !== undefined) undecided(`${path} is not a plain file`);
  if (path === GROUP && root.stat('etc/gshadow') !== undefined) undecided('etc/gshadow');
  root.link(path, `${path}-`);
  const { uid, gid } = before;
  const content = encodePath(`${lines.join('\n')}\n`);
  root.put(path, { type: 'file', mode: before.mode & 0o777, uid, gid, content });
  return true;
}

function shortened(args: readonly string[]): readonly string[] {
  return args.map((arg) => LONG_OPTIONS[arg] ?? (/^--./.test(arg) ? undecided(`the option ${arg}`) : arg));
}

function checkName(name: string): void {
  if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(name)) undecided(`the name ${name}`);
}

function id(text: string): number {
  return /^(?:0|[1-9]\d{0,5})$/.test(text) && Number(text) <= LAST_CERTAIN_ID
    ? Number(text)
    : undecided(`the id ${text}`);
}
