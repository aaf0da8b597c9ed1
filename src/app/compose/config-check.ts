import { inodeAt } from '../../compose/root.ts';
import type { Tree } from '../../compose/tree.ts';
import { AppError } from '../../model/app-error.ts';
import { decodePath } from '../../model/path-bytes.ts';
import type { ConfigOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import { nearest } from '../settings/nearest.ts';

/** The root as a container starts with it. */
export interface FinishedRoot {
  readonly tree: Tree;
  /** Returns a file's content; undefined if there is none, or it is not known. */
  read(path: string): Uint8Array | undefined;
}

/** Input of checkConfig. */
export interface ConfigCheckInput {
  readonly root: FinishedRoot;
  readonly options: ConfigOptions;
  /** The default command line: entrypoint and command */
  readonly command: readonly string[];
  /** The image's Env PATH */
  readonly path: string;
  /** As in ComposeRequest; with a prefix, no shell is expected. */
  readonly prefix: string;
  /** Steps that still have to run in the container: they may make what is missing. */
  readonly pendingSteps: readonly string[];
}

/** Result of checkConfig. */
export interface ConfigCheck {
  /** Sentences for the user */
  readonly notes: readonly string[];
  /** A container starts without an explicit command */
  readonly runs: boolean;
}

const LATER = '; a script that has not run yet may create it';

/**
 * Checks that the root contains what the config refers to. A missing user or group is refused, as engines do; a missing program
 * or directory is only noted, since a volume or another layer may provide it.
 * @throws AppError USAGE for a user or group that is not in the root and that no script can add any more
 */
export function checkConfig(input: ConfigCheckInput): ConfigCheck {
  const { options, command } = input;
  const isDefault = options.entrypoint === undefined && options.cmd === undefined;
  const lacking = isDefault || command.length === 0 ? undefined : missingProgram(input);
  return {
    notes: [
      ...(isDefault && command.length === 0 && input.prefix === '' ? [NO_SHELL] : []),
      ...(lacking === undefined ? [] : [`${lacking}${input.pendingSteps.length === 0 ? '' : LATER}`]),
      ...workdirNotes(input),
      ...userNotes(input),
    ],
    runs: command.length > 0 && lacking === undefined,
  };
}

const NO_SHELL =
  'no shell in the image: RUN does not work, and containers need an explicit command; --base minimal adds a shell';

function missingProgram({ root, options, command, path }: ConfigCheckInput): string | undefined {
  const program = required(command, 0);
  const option = (options.entrypoint ?? []).length > 0 ? '--entrypoint' : '--cmd';
  if (program.includes('/')) {
    const place = program.startsWith('/') ? program : `${options.workdir}/${program}`;
    return runs(root.tree, place)
      ? undefined
      : `${option}: ${program} is not an executable file in the image`;
  }
  const folders = (options.env.findLast((setting) => setting.startsWith('PATH='))?.slice(5) ?? path).split(
    ':',
  );
  if (folders.some((folder) => runs(root.tree, `${folder}/${program}`))) return undefined;
  return `${option}: ${JSON.stringify(program)} not found in the image's PATH`;
}

function runs(tree: Tree, path: string): boolean {
  const inode = inodeAt(tree, path);
  return inode?.type === 'file' && (inode.mode & 0o111) !== 0;
}

function workdirNotes({ root, options: { workdir } }: ConfigCheckInput): readonly string[] {
  if (workdir === '' || /^\/+$/.test(workdir)) return [];
  const type = inodeAt(root.tree, workdir)?.type;
  if (type === 'directory') return [];
  return [
    type === undefined
      ? `--workdir ${workdir}: not in the image; engines create it, owned by root, when a container starts`
      : `--workdir ${workdir}: not a directory in the image`,
  ];
}

const FILES = { user: 'etc/passwd', group: 'etc/group' } as const;

/** Checks user and group as engines do: a number is an id, anything else a name in the file. */
function userNotes({ root, options, pendingSteps }: ConfigCheckInput): readonly string[] {
  const [user = '', group = ''] = options.user.split(':');
  return ([['user', user] as const, ['group', group] as const] as const).flatMap(([kind, name]) => {
    if (name === '' || /^\d+$/.test(name)) return [];
    const file = FILES[kind];
    const exists = inodeAt(root.tree, file) !== undefined;
    const content = root.read(file);
    if (exists && content === undefined) return [];
    const names = content === undefined ? [] : namesIn(content);
    if (names.includes(name)) return [];
    const lack = exists ? `no ${kind} ${name} in the image's /${file}` : `the image has no /${file}`;
    const text = `--user ${options.user}: ${lack}`;
    if (pendingSteps.length > 0) return [`${text}${LATER}`];
    const near = nearest(name, names);
    throw new AppError('USAGE', text, {
      hint:
        near === undefined
          ? 'Use a numeric id, which needs no entry: --user 1000:1000.'
          : `Did you mean ${near}?`,
      details: { expected: names, got: name },
    });
  });
}

function namesIn(content: Uint8Array): readonly string[] {
  return decodePath(content)
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => line.slice(0, line.indexOf(':')));
}
