import type { KnownCommand, ShellEnvironment } from './command.ts';
import { undecided } from './undecided.ts';

/** Exit statuses of a shell for a command that does not exist, and for one that is not executable (POSIX.1-2017, 2.8.2). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Returns the path of the first program of this name in PATH, without a leading slash; undefined if there is none.
 * @throws Undecided when a file of the name cannot be run
 */
export function findInPath(
  name: string,
  { root, path }: Pick<ShellEnvironment, 'root' | 'path'>,
): string | undefined {
  for (const directory of path) {
    const file = root.statFollow(`${directory}/${name}`);
    if (file?.type === 'file' && (file.mode & 0o111) !== 0) return `${directory}/${name}`;
    if (file !== undefined && file.type !== 'directory') undecided(`${name} in PATH cannot be run`);
  }
  return undefined;
}

/**
 * Returns the command that a name or path runs, or the exit status if there is nothing to run.
 * @throws Undecided for an unknown program
 */
export function programCalled(name: string, environment: ShellEnvironment): KnownCommand | number {
  const { root } = environment;
  const path = name.includes('/') ? name : findInPath(name, environment);
  const file = path === undefined ? undefined : root.statFollow(path);
  if (path === undefined || file === undefined) return NOT_FOUND;
  if (file.type !== 'file' || (file.mode & 0o111) === 0) return NOT_EXECUTABLE;
  const real = root.real(path, true) ?? undecided(`${path} went away`);
  return environment.program(real, name) ?? undecided(`runs ${name}`);
}
