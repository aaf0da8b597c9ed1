import { decodePath } from '../../../model/path-bytes.ts';
import type { DraftEntry, RootDraft } from '../root-draft.ts';
import { GROUP, PASSWD, readAccounts } from '../users.ts';
import type { CommandCall, CommandResult, KnownCommand } from './run.ts';
import { holds } from './test-command.ts';
import { undecided } from './undecided.ts';

const DONE: CommandResult = { status: 0 };
const FAILED: CommandResult = { status: 1 };

/** What busybox, coreutils and the shells do alike, as root with umask 022. Another option is Undecided. */
export const SHELL_BUILTINS: ReadonlyMap<string, KnownCommand> = new Map<string, KnownCommand>([
  [':', () => DONE],
  ['true', () => DONE],
  ['false', () => FAILED],
  ['echo', echo],
  ['printf', printf],
  ['test', ({ args, root }) => ({ status: Number(!holds(args, root)) })],
  ['[', bracket],
]);

export const FILE_COMMANDS: ReadonlyMap<string, KnownCommand> = new Map<string, KnownCommand>([
  ...SHELL_BUILTINS,
  ['cat', cat],
  ['chmod', chmod],
  ['chown', chown],
  ['grep', grep],
  ['ln', ln],
  ['mkdir', mkdir],
  ['readlink', readlink],
  ['rm', rm],
  ['touch', touch],
]);

/** Splits options off: single letters in `flags`, those in `valued` with a value. Others, and any behind an operand: Undecided. */
export function readOptions(
  args: readonly string[],
  flags: string,
  valued = '',
): { readonly options: ReadonlyMap<string, string>; readonly operands: readonly string[] } {
  const options = new Map<string, string>();
  const left = [...args];
  while (/^-./.test(left[0] ?? '')) {
    const arg = left.shift() ?? '';
    if (arg === '--') return { options, operands: left };
    for (let index = 1; index < arg.length; index++) {
      const letter = arg.charAt(index);
      if (valued.includes(letter)) {
        const attached = arg.slice(index + 1);
        options.set(letter, attached === '' ? (left.shift() ?? undecided(`-${letter} alone`)) : attached);
        break;
      }
      if (!flags.includes(letter)) undecided(`the option -${letter}`);
      options.set(letter, '');
    }
  }
  if (left.some((operand) => /^-./.test(operand))) undecided('an option behind an operand');
  return { options, operands: left };
}

function echo({ args }: CommandCall): CommandResult {
  const [first = ''] = args;
  const bare = first === '-n';
  if (!bare && /^-[neE]+$/.test(first)) return { status: 0, output: undefined };
  const text = (bare ? args.slice(1) : args).join(' ');
  return { status: 0, output: bare ? text : `${text}\n` };
}

function printf({ args }: CommandCall): CommandResult {
  const [format, ...values] = args;
  if (format === undefined || format.startsWith('-')) undecided('printf');
  const text = /^(?:[^%\\]|%s|%%|\\n)*$/.test(format) ? format : undecided('a format of printf');
  const holes = text.replaceAll('%%', '').split('%s').length - 1;
  if (holes !== values.length) return { status: 0, output: undefined };
  let next = 0;
  const output = text.replaceAll(/%s|%%|\\n/g, (code) => {
    if (code === '%s') return values[next++] ?? '';
    return code === '%%' ? '%' : '\n';
  });
  return { status: 0, output };
}

function bracket({ args, root }: CommandCall): CommandResult {
  if (args.at(-1) !== ']') undecided('[ without ]');
  return { status: Number(!holds(args.slice(0, -1), root)) };
}

function cat({ args, root, input, outputFile }: CommandCall): CommandResult {
  const { operands } = readOptions(args, '');
  if (operands.length === 0) return { status: 0, output: input ?? undecided('cat of nothing') };
  let output = '';
  for (const path of operands) {
    const entry = root.statFollow(path);
    if (entry?.type !== 'file') undecided(`cat ${path}`);
    // coreutils refuses it; that of busybox goes on for as long as there is room.
    if (outputFile !== undefined && root.real(path, true) === outputFile) undecided('cat of its own output');
    const content = entry.content();
    if (content === undefined) return { status: 0, output: undefined };
    output += decodePath(content);
  }
  return { status: 0, output };
}

function chmod({ args, root }: CommandCall): CommandResult {
  const [mode, ...paths] = args;
  if (mode === undefined || paths.length === 0 || paths.some((path) => path.startsWith('-')))
    return undecided('chmod');
  return eachOf(paths, root, (path, entry) => {
    // GNU chmod keeps a directory's setuid and setgid bits, busybox does not.
    if (entry.type === 'directory' && (entry.mode & 0o6000) !== 0) undecided('chmod of a setgid directory');
    root.change(path, { mode: changedMode(entry, mode) });
  });
}

/** `640`, `+x`, `u+s,g-w` (POSIX.1-2017 `chmod`) under umask 022. */
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

function chown({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'h');
  const [owner, ...paths] = operands;
  const found = /^([a-zA-Z0-9_-]*)(?::([a-zA-Z0-9_-]+))?$/.exec(owner ?? '');
  if (found === null || owner === '' || paths.length === 0) return undecided('chown');
  const [, user = '', group] = found;
  const ids: { uid?: number; gid?: number } = {};
  if (user !== '') {
    const uid = idOf(root, PASSWD, user);
    if (uid === undefined) return FAILED;
    ids.uid = uid;
  }
  if (group !== undefined) {
    const gid = idOf(root, GROUP, group);
    if (gid === undefined) return FAILED;
    ids.gid = gid;
  }
  return eachOf(paths, root, (path, entry) => {
    if (options.has('h') && root.stat(path)?.type === 'symlink') undecided('chown of a symlink');
    // Linux takes these bits off a file.
    if (entry.type === 'file' && (entry.mode & 0o6000) !== 0) undecided('chown of a setuid file');
    root.change(path, ids);
  });
}

function idOf(root: RootDraft, path: typeof PASSWD | typeof GROUP, name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name) <= 0xffff_fffe ? Number(name) : undecided('an id too large');
  return readAccounts(root, path).find((account) => account.name === name)?.id;
}

/** Status 1 where one is not there; the others are done. */
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

/** Whether a line matches: -q; of a pattern, letters, digits, `/`, `_`, `-` and the anchors. */
function grep({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'qsF', 'e');
  const [pattern, path, ...rest] = options.has('e') ? [options.get('e'), ...operands] : operands;
  if (!options.has('q') || pattern === undefined || path === undefined || rest.length > 0)
    return undecided('grep');
  const found = /^(\^?)([A-Za-z0-9_/-]+)(\$?)$/.exec(pattern) ?? undecided(`grep ${pattern}`);
  const [, start, text = '', end] = found;
  if (options.has('F') && (start !== '' || end !== '')) undecided(`grep -F ${pattern}`);
  const entry = root.statFollow(path);
  if (entry === undefined) return { status: 2 };
  const content = decodePath(root.read(path) ?? new Uint8Array());
  if (content.includes('\0')) undecided('grep of bytes');
  const lines = content.replace(/\n$/, '').split('\n');
  const matches = (line: string) => {
    if (start !== '' && end !== '') return line === text;
    if (start !== '') return line.startsWith(text);
    return end === '' ? line.includes(text) : line.endsWith(text);
  };
  return { status: Number(content === '' || !lines.some(matches)) };
}

/** Symlinks only. */
function ln({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'sfn');
  const [target, link, ...rest] = operands;
  if (!options.has('s') || target === undefined || link === undefined || rest.length > 0 || target === '')
    return undecided('ln');
  const into =
    options.has('n') && root.stat(link)?.type === 'symlink'
      ? false
      : root.statFollow(link)?.type === 'directory';
  const path = into ? `${link.replace(/\/+$/, '')}/${lastComponent(target)}` : link;
  const existing = root.stat(path);
  if (existing !== undefined && !options.has('f')) return FAILED;
  if (existing?.type === 'directory') undecided('ln over a directory');
  if (root.real(path, false) === undefined) return FAILED;
  root.put(path, { type: 'symlink', linkTarget: target });
  return DONE;
}

function lastComponent(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '' || name === '.' || name === '..' ? undecided('a name of unknown form') : name;
}

function mkdir({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'p', 'm');
  const mode = options.get('m') ?? '755';
  if (!/^[0-7]{3,4}$/.test(mode) || operands.length === 0) undecided('mkdir');
  let status = 0;
  for (const operand of operands) {
    const path = operand.replace(/(?<=.)\/+$/, '');
    if (!makeDirectory(root, path, { mode: Number.parseInt(mode, 8), parents: options.has('p') })) status = 1;
  }
  return { status };
}

function makeDirectory(
  root: RootDraft,
  path: string,
  options: { readonly mode: number; readonly parents: boolean },
): boolean {
  if (/(?:^|\/)\.{0,2}$/.test(path)) undecided('a directory of unknown form');
  for (let end = path.indexOf('/', 1); options.parents && end >= 0; end = path.indexOf('/', end + 1))
    if (!makeOne(root, path.slice(0, end), 0o755) && root.statFollow(path.slice(0, end)) === undefined)
      return false;
  return (
    makeOne(root, path, options.mode) || (options.parents && root.statFollow(path)?.type === 'directory')
  );
}

/** False where something is or cannot be. */
function makeOne(root: RootDraft, path: string, mode: number): boolean {
  if (root.statFollow(path) !== undefined || root.real(path, false) === undefined) return false;
  if (root.stat(path) !== undefined) undecided('mkdir over a broken symlink');
  root.put(path, { type: 'directory', mode });
  return true;
}

function readlink({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'f');
  const [path, ...rest] = operands;
  if (path === undefined || rest.length > 0) return undecided('readlink');
  if (options.has('f')) return realPath(path, root);
  const entry = root.stat(path);
  return entry?.type === 'symlink' ? { status: 0, output: `${entry.linkTarget}\n` } : FAILED;
}

/**
 * Of what is not there, coreutils and the versions of busybox have their own ideas: busybox 1.36 says `//x` for `./x` and
 * `/d/../x`, nothing for `x`, and reads a dangling link from the working directory.
 */
function realPath(path: string, root: RootDraft): CommandResult {
  const real = root.real(path, true);
  const exists = real !== undefined && root.statFollow(path) !== undefined;
  if (/^\/\/(?!\/)/.test(path)) undecided('a path with two slashes in front');
  if (exists || path === `/${real}`) return { status: 0, output: `/${real}\n` };
  if (real !== undefined || path.endsWith('/') || root.stat(path) !== undefined)
    undecided('readlink -f of a missing path');
  return FAILED;
}

function rm({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'f');
  let status = 0;
  for (const path of operands) {
    if (root.stat(path) !== undefined) root.remove(path);
    else if (!options.has('f')) status = 1;
  }
  return operands.length > 0 ? { status } : undecided('rm of nothing');
}

function touch({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'c');
  for (const path of operands) {
    const entry = root.statFollow(path);
    if (entry?.type === 'directory') root.touchDirectory(path);
    else if (entry !== undefined) undecided('touch of a file');
    else if (!options.has('c')) {
      if (root.stat(path) !== undefined) undecided('touch over a broken symlink');
      root.put(path, { type: 'file', mode: 0o644, content: new Uint8Array() });
    }
  }
  return operands.length > 0 ? DONE : undecided('touch of nothing');
}
