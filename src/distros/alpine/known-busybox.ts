import { decodePath } from '../../model/path-bytes.ts';
import { FILE_COMMANDS } from '../shared/file-commands.ts';
import type { CommandCall, CommandResult, KnownCommand } from '../shared/shell-run.ts';
import { undecided } from '../shared/undecided.ts';
import { addgroup, adduser } from './known-accounts.ts';

export const BUSYBOX = 'bin/busybox';
export const BBSUID = 'bin/bbsuid';
const BUSYBOX_EXTRAS = 'bin/busybox-extras';

/**
 * What a program of Alpine does, by its file. busybox and coreutils go by the name they are called by.
 * `time`: seconds since the epoch.
 */
export function busyboxProgram(real: string, name: string, time: number): KnownCommand | undefined {
  const called = name.slice(name.lastIndexOf('/') + 1);
  switch (real) {
    case BUSYBOX:
      return called === 'busybox' ? (call) => busybox(call, name, time) : applet(called, time);
    case BUSYBOX_EXTRAS:
      return called === 'busybox-extras' ? (call) => installApplets(call, name) : undefined;
    case BBSUID:
      return called === 'bbsuid' ? installSuidLinks : undefined;
    case 'usr/bin/coreutils':
      return called === 'grep' ? undefined : FILE_COMMANDS.get(called);
    default:
      return undefined;
  }
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
  // Without /proc the link's target is what it was called by, with /proc the file itself.
  if (`/${root.real(program, true)}` !== program) undecided(`${program} is a link`);
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
function installSuidLinks({ args, root }: CommandCall): CommandResult {
  if (args.length !== 1 || args[0] !== '--install') undecided('bbsuid');
  const paths = suidApplets(root.read(BBSUID) ?? undecided('no bbsuid'));
  const links = paths.filter((path) => root.stat(path)?.type === 'symlink');
  for (const path of links) root.put(path, { type: 'symlink', linkTarget: `/${BBSUID}` });
  const others = paths.filter((path) => !links.includes(path));
  return { status: Number(!root.linkMissing(others, `/${BBSUID}`)) };
}

/** The applets that the program names: its strings that are paths of programs, but for itself and what it runs. */
export function suidApplets(program: Uint8Array): readonly string[] {
  const text = Buffer.from(program).toString('latin1');
  if (!text.includes(`\0/${BBSUID}\0`) || !text.includes('\0--install\0'))
    undecided('a bbsuid of unknown form');
  const named = text.match(/(?<=\0\/)(?:usr\/)?s?bin\/[a-z0-9._+-]+(?=\0)/g) ?? [];
  return [...new Set(named)].filter((path) => path !== BBSUID && path !== BUSYBOX);
}
