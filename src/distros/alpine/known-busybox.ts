import { decodePath } from '../../model/path-bytes.ts';
import type { CommandCall, CommandResult, KnownCommand } from '../shared/shell/command.ts';
import { FILE_COMMANDS } from '../shared/shell/commands.ts';
import { undecided } from '../shared/shell/undecided.ts';
import { addgroup, adduser } from './known-accounts.ts';

const BUSYBOX = 'bin/busybox';

/** Paths at which a program may be: below /usr if /bin is a link (merged /usr). */
const placesOf = (path: string): readonly string[] => [path, `usr/${path}`];
const BUSYBOXES = placesOf(BUSYBOX);
const EXTRAS = placesOf('bin/busybox-extras');
const BBSUIDS = placesOf('bin/bbsuid');

/** Returns whether a real path (no symlinks, no leading slash) is busybox. */
export function isBusybox(real: string | undefined): boolean {
  return BUSYBOXES.includes(real ?? '');
}

/**
 * Returns the effect of a program of Alpine; undefined if it is not known. For busybox and coreutils, the name by which they are
 * called decides.
 * @param real path of the program's file: no symlinks, no leading slash
 * @param time seconds since the epoch
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
 * Runs `--install -s` (libbb/appletlib.c): makes a link for each applet whose path is free. The package ships the list of
 * applets. If a directory is missing, busybox only prints a message.
 */
function installApplets({ args, root }: CommandCall, program: string): CommandResult {
  if (args.length !== 2 || args[0] !== '--install' || args[1] !== '-s') undecided('busybox --install');
  // Alpine's busybox looks at /bin/busybox; unless that is a link, the applets' links lead to the path by which it was
  // called.
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

/**
 * Runs `bbsuid --install` (Alpine's bbsuid.c): replaces existing symlinks, whatever they point at; status 1 if a file is in the
 * way.
 */
function installSuidLinks({ args, root }: CommandCall, real: string): CommandResult {
  if (args.length !== 1 || args[0] !== '--install') undecided('bbsuid');
  const { own, paths } = suidApplets(root.read(real) ?? undecided('no bbsuid'));
  const links = paths.filter((path) => root.stat(path)?.type === 'symlink');
  for (const path of links) root.put(path, { type: 'symlink', linkTarget: own });
  const others = paths.filter((path) => !links.includes(path));
  return { status: Number(!root.linkMissing(others, own)) };
}

/**
 * Finds the paths in bbsuid's strings: its own, to which its links lead, and its applets, which are all other programs but
 * busybox.
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
