import type { KnownCommand, ShellEnvironment } from './command.ts';
import { undecided } from './undecided.ts';

/** Exit statuses of a shell for a command that is not there, and for one that is no program (POSIX.1-2017, 2.8.2). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** The first program of this name in PATH, no leading slash. @throws Undecided where a file there cannot be run */
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

/** What a name or path that is called runs, or the status where it runs nothing. @throws Undecided for an unknown program */
export function programCalled(name: string, environment: ShellEnvironment): KnownCommand | number {
  const { root } = environment;
  const path = name.includes('/') ? name : findInPath(name, environment);
  const file = path === undefined ? undefined : root.statFollow(path);
  if (path === undefined || file === undefined) return NOT_FOUND;
  if (file.type !== 'file' || (file.mode & 0o111) === 0) return NOT_EXECUTABLE;
  const real = root.real(path, true) ?? undecided(`${path} went away`);
  return environment.program(real, name) ?? undecided(`runs ${name}`);
}
