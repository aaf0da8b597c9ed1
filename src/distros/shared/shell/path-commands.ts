import type { RootDraft } from '../root-draft.ts';
import { type CommandCall, type CommandResult, DONE, FAILED } from './command.ts';
import { readOptions } from './options.ts';
import { undecided } from './undecided.ts';

/** Runs `ln` for symlinks. @throws Undecided */
export function ln({ args, root }: CommandCall): CommandResult {
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

/** Runs `mkdir [-p] [-m MODE] DIRECTORY…`, with an octal mode. @throws Undecided */
export function mkdir({ args, root }: CommandCall): CommandResult {
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

/** Makes a directory. Returns false if the path exists or its parent does not. */
function makeOne(root: RootDraft, path: string, mode: number): boolean {
  if (root.statFollow(path) !== undefined || root.real(path, false) === undefined) return false;
  if (root.stat(path) !== undefined) undecided('mkdir over a broken symlink');
  root.put(path, { type: 'directory', mode });
  return true;
}

/** Runs `readlink [-f] FILE`. @throws Undecided */
export function readlink({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'f');
  const [path, ...rest] = operands;
  if (path === undefined || rest.length > 0) return undecided('readlink');
  if (options.has('f')) return realPath(path, root);
  const entry = root.stat(path);
  return entry?.type === 'symlink' ? { status: 0, output: `${entry.linkTarget}\n` } : FAILED;
}

/**
 * Resolves a path for `readlink -f`. Missing paths are Undecided, since coreutils and versions of busybox differ: busybox 1.36
 * prints `//x` for `./x` and `/d/../x`, nothing for `x`, and resolves a dangling link from the working directory.
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

/** Runs `rm [-f] FILE…` for files and symlinks. @throws Undecided */
export function rm({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'f');
  let status = 0;
  for (const path of operands) {
    if (root.stat(path) !== undefined) root.remove(path);
    else if (!options.has('f')) status = 1;
  }
  return operands.length > 0 ? { status } : undecided('rm of nothing');
}

/** Runs `touch [-c] FILE…`, which makes a file or sets the time of a directory. @throws Undecided */
export function touch({ args, root }: CommandCall): CommandResult {
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
