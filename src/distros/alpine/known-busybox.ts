import { decodePath } from '../../model/path-bytes.ts';
import type { CommandCall, CommandResult, KnownCommand } from '../shared/shell/command.ts';
import { FILE_COMMANDS } from '../shared/shell/commands.ts';
import { undecided } from '../shared/shell/undecided.ts';
import { addgroup, adduser } from './known-accounts.ts';

const BUSYBOX = 'bin/busybox';

/** The places of a program: below /usr where the root is merged and /bin a link. */
const placesOf = (path: string): readonly string[] => [path, `usr/${path}`];
const BUSYBOXES = placesOf(BUSYBOX);
const EXTRAS = placesOf('bin/busybox-extras');
const BBSUIDS = placesOf('bin/bbsuid');

/** @param real without symlinks */
export function isBusybox(real: string | undefined): boolean {
  return BUSYBOXES.includes(real ?? '');
}

/**
 * What a program of Alpine does, by its file. busybox and coreutils go by the name they are called by.
 * `time`: seconds since the epoch.
 */
export function busyboxProgram(real: string, name: string, time: number): KnownCommand | undefined {
  const called = name.slice(name.lastIndexOf('/') + 1);
  if (isBusybox(real))
    return called === 'busybox' ? (call) => busybox(call, name, time) : applet(called, time);
  if (EXTRAS.includes(real))
    return called === 'busybox-extras' ? (call) => installApplets(call, name) : undefined;
  if (BBSUIDS.includes(real)) return called === 'bbsuid' ? (call) => installSuidLinks(call, real) : undefined;
  return real === 'usr/bin/coreutils' && called !== 'grep' ? FILE_COMMANDS.get(called) : undefined;
}

function applet(name: string, time: number): KnownCommand | undefined {
  if (name === 'adduser') return adduser(time);
  return name === 'addgroup' ? addgroup : FILE_COMMANDS.get(name);
}

function busybox(call: CommandCall, name: string, time: number): CommandResult {
  const [first = '', ...args] = call.args;
  if (first === '--install') return installApplets(call, name);
  const known = applet(first, time) ?? undecided(`busybox ${first}`);
  return known({ ...call, args });
}

/**
 * `--install -s` (libbb/appletlib.c): a link for each applet, where nothing is. Its list is the one that the package
 * ships. A missing directory is a message.
 */
function installApplets({ args, root }: CommandCall, program: string): CommandResult {
  if (args.length !== 2 || args[0] !== '--install' || args[1] !== '-s') undecided('busybox --install');
  // Alpine's is built to look at /bin/busybox itself: where that is no link, its links lead to what it was called by.
  const isLink = [BUSYBOX, program].some((path) => root.stat(path)?.type === 'symlink');
  if (isLink || !program.startsWith('/')) undecided(`${program} is a link`);
  const list = `etc/busybox-paths.d/${program.slice(program.lastIndexOf('/') + 1)}`;
  const paths = decodePath(root.read(list) ?? undecided(`no ${list}`))
    .split('\n')
    .filter((path) => path !== '');
  const odd = paths.find((path) => !/^(?:usr\/)?s?bin\/[A-Za-z0-9[.+_-]+$/.test(path));
  if (odd !== undefined) undecided(`${odd} in ${list}`);
  root.linkMissing(paths, program);
  return { status: 0 };
}

/** bbsuid.c of Alpine: a symlink that is there is replaced, whatever it points at; status 1 where a file is in the way. */
function installSuidLinks({ args, root }: CommandCall, real: string): CommandResult {
  if (args.length !== 1 || args[0] !== '--install') undecided('bbsuid');
  const { own, paths } = suidApplets(root.read(real) ?? undecided('no bbsuid'));
  const links = paths.filter((path) => root.stat(path)?.type === 'symlink');
  for (const path of links) root.put(path, { type: 'symlink', linkTarget: own });
  const others = paths.filter((path) => !links.includes(path));
  return { status: Number(!root.linkMissing(others, own)) };
}

/**
 * What the program names: itself, which its links lead to, and the applets: its strings that are paths of programs, but for
 * itself and what it runs.
 */
function suidApplets(program: Uint8Array): {
  readonly own: string;
  readonly paths: readonly string[];
} {
  const text = Buffer.from(program).toString('latin1');
  const own = BBSUIDS.find((path) => text.includes(`\0/${path}\0`));
  if (own === undefined || !text.includes('\0--install\0')) return undecided('a bbsuid of unknown form');
  const named = text.match(/(?<=\0\/)(?:usr\/)?s?bin\/[a-z0-9._+-]+(?=\0)/g) ?? [];
  const others = [...new Set(named)].filter((path) => !BBSUIDS.includes(path) && !isBusybox(path));
  return { own: `/${own}`, paths: others };
}
